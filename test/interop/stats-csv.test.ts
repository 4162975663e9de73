import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import { csv } from '../../src/stats/csv.js'
import { snapshot } from '../../src/stats/snapshot.js'
import { readCsv } from '../stats/objects.js'
import { Haproxy } from '../support/haproxy.js'
import { skipWithout } from '../support/programs.js'

/** What the checked server answers, as its status line says it. */
const reason = 'Broken, "really" <b>'

/** The same frontends, backends and servers in HAProxy and here: one of each kind that differs in its empty cells. */
async function twins(t: TestContext): Promise<{ theirs: string; ours: string }> {
  const origin = createServer((_request, response) => response.writeHead(500, reason).end())
  await once(origin.listen(0, '127.0.0.1'), 'listening')
  t.after(() => origin.close())
  const { port } = origin.address() as AddressInfo
  return { theirs: await haproxyStatistics(t, port), ours: ownStatistics(port) }
}

async function haproxyStatistics(t: TestContext, port: number): Promise<string> {
  const haproxy = await Haproxy.start(
    t,
    (web: number, raw: number) => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${web}
  maxconn 20
  default_backend app
frontend tcp
  mode tcp
  bind 127.0.0.1:${raw}
  maxconn 10
  default_backend raw
backend app
  option httpchk
  cookie SRV insert
  server failed 127.0.0.1:${port} check inter 50 fall 1
  server unchecked 127.0.0.1:${port} weight 3 cookie u3
  server spare 127.0.0.1:${port} backup maxconn 5 maxqueue 7
  server waiting 127.0.0.1:${port} check inter 1h
  server stopped 127.0.0.1:${port} disabled
backend raw
  mode tcp
  server raw1 127.0.0.1:${port}
`,
  )
  // The first check is on its way; the checked one is asked for until it has ended.
  for (;;) {
    const text = await haproxy.command('show stat')
    if (readCsv(text).get('app/failed')?.check_status === 'L7STS') return text
  }
}

function ownStatistics(port: number): string {
  const address = `127.0.0.1:${port}`
  const app = new Backend('app', {
    cookie: { name: 'SRV', mode: 'insert' },
    servers: [
      { name: 'failed', address, check: { fall: 1 } },
      { name: 'unchecked', address, weight: 3, cookie: 'u3' },
      { name: 'spare', address, backup: true, maxConnections: 5, maxQueue: 7 },
      { name: 'waiting', address, check: true },
      { name: 'stopped', address },
    ],
  })
  app.server('failed').observeCheck({ passed: false, status: 'L7STS', code: 500, reason, duration: 0 })
  app.server('stopped').maintenance()
  const raw = new Backend('raw', { mode: 'tcp', servers: [{ name: 'raw1', address }] })
  const frontends = [
    new Frontend('web', { defaultBackend: app, maxConnections: 20 }),
    new Frontend('tcp', { mode: 'tcp', defaultBackend: raw, maxConnections: 10 }),
  ]
  return csv(snapshot({ frontends, backends: [app, raw], uptime: 0 }))
}

/** What HAProxy counts and evenkeel does not, so that its cells are empty. */
const uncounted = new Set(
  [
    'dreq dresp eint wrew rate_lim conn_rate conn_rate_max conn_tot intercepted dcon dses comp_in comp_out comp_byp',
    'comp_rsp cache_lookups cache_hits hanafail srv_icur idle_conn_cur safe_conn_cur used_conn_cur need_conn_est',
    'agg_server_status agg_server_check_status agg_check_status',
  ].flatMap((names) => names.split(' ')),
)

/** Zeros for requests where there can be none. */
const elsewhere = new Set(['tcp/FRONTEND req_rate', 'tcp/FRONTEND req_rate_max', 'tcp/FRONTEND req_tot'])

/** Cells that the configuration alone settles, and what the one check found. */
const settled = [
  ...['pxname', 'svname', 'type', 'sid', 'status', 'weight', 'uweight', 'act', 'bck', 'chkfail', 'chkdown', 'pid'],
  ...['check_status', 'check_code', 'check_desc', 'last_chk', 'check_rise', 'check_fall', 'check_health'],
  ...['addr', 'cookie', 'mode', 'algo', 'lastsess', 'scur', 'stot', 'slim', 'qlimit', 'throttle', 'hrsp_5xx', '-'],
]

describe('beside HAProxy’s own statistics', { skip: skipWithout('haproxy'), timeout: 30_000 }, () => {
  test('the heading is HAProxy’s, up to the end of its fixed columns', async (t) => {
    const { theirs, ours } = await twins(t)
    const heading = ours.slice(0, ours.indexOf('\n'))
    assert.ok(heading.endsWith(',-,'))
    assert.equal(theirs.slice(0, heading.length), heading)
  })

  test('the same cells are empty, but for what is not counted here', async (t) => {
    const { theirs, ours } = await twins(t)
    const own = readCsv(ours)
    for (const [line, row] of readCsv(theirs)) {
      for (const [column, cell] of Object.entries(own.get(line) ?? {})) {
        const isUncounted = uncounted.has(column) || elsewhere.has(`${line} ${column}`)
        const expected = row[column] === '' || (isUncounted && cell === '')
        assert.equal(cell === '', expected, `${line} ${column}: HAProxy has '${row[column]}', evenkeel '${cell}'`)
      }
    }
  })

  test('the same objects have the same cells, quotes included', async (t) => {
    const { theirs, ours } = await twins(t)
    const own = readCsv(ours)
    const rows = readCsv(theirs)
    assert.deepEqual([...own.keys()], [...rows.keys()])
    assert.equal(own.get('app/failed')?.last_chk, '"Broken, ""really"" <b>"')
    for (const [line, row] of rows) {
      for (const column of settled) assert.equal(own.get(line)?.[column], row[column], `${line} ${column}`)
    }
  })
})
