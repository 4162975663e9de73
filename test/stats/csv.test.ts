import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import { csv } from '../../src/stats/csv.js'
import type { Metric } from '../../src/stats/metric.js'
import { metricNames, metrics } from '../../src/stats/metrics.js'
import { snapshot } from '../../src/stats/snapshot.js'
import { find, objects, readCsv } from './objects.js'

function read(text: string, line: string): Readonly<Record<string, string>> {
  const row = readCsv(text).get(line)
  assert.ok(row !== undefined, `no line ${line}`)
  return row
}

function some(row: Readonly<Record<string, string>>, ...columns: string[]): string {
  return columns.map((column) => `${column}=${row[column]}`).join(' ')
}

describe('the CSV', () => {
  test('has a heading, then frontends, then each backend’s servers and the backend', () => {
    const { frontend, backend } = objects()
    const other = new Backend('files', { clock: backend.clock, servers: ['127.0.0.1:1'] })
    const text = csv(snapshot({ frontends: [frontend], backends: [backend, other], uptime: 0 }))
    assert.match(text, /^# pxname,svname,qcur,qmax,scur,/)
    assert.deepEqual(
      [...readCsv(text)].map(([line, { type, iid, sid }]) => `${line} ${type} ${iid} ${sid}`),
      [
        'web/FRONTEND 0 1 0',
        'app/app1 2 2 1',
        'app/app2 2 2 2',
        'app/BACKEND 1 2 0',
        'files/127.0.0.1:1 2 3 1',
        'files/BACKEND 1 3 0',
      ],
    )
  })

  test('ends every line with a comma and a line break', () => {
    assert.match(csv(objects().take()), /^(?:.*,\n)+$/)
  })

  test('shows a frontend’s figures', () => {
    const { clock, frontend, take } = objects()
    frontend.openSession({ address: '192.0.2.7', port: 1 }, 80, false)
    frontend.counters.requestBegan(clock.now())
    frontend.counters.responses.count(404)
    Object.assign(frontend.counters, { bytesIn: 10, bytesOut: 20, requestErrors: 3, internalErrors: 4 })
    const row = read(csv(take()), 'web/FRONTEND')
    assert.equal(
      some(row, 'scur', 'smax', 'slim', 'stot', 'rate', 'rate_max', 'bin', 'bout', 'ereq', 'eint', 'status', 'mode'),
      'scur=1 smax=1 slim=2 stot=1 rate=1 rate_max=1 bin=10 bout=20 ereq=3 eint=4 status=OPEN mode=http',
    )
    assert.equal(
      some(row, 'req_rate', 'req_rate_max', 'req_tot', 'hrsp_2xx', 'hrsp_4xx'),
      'req_rate=1 req_rate_max=1 req_tot=1 hrsp_2xx=0 hrsp_4xx=1',
    )
  })

  test('shows a server’s figures, times since in whole seconds and averages in milliseconds', () => {
    const { clock, app1, take } = objects()
    app1.take(clock.now())
    app1.counters.times.count(1, 2.4, 3.6, 10)
    app1.counters.chosen = 1
    find(app1, { code: 500, duration: 12.6 })
    clock.advance(2999)
    const row = read(csv(take()), 'app/app1')
    assert.equal(
      some(
        row,
        'status',
        'weight',
        'uweight',
        'act',
        'bck',
        'scur',
        'slim',
        'lbtot',
        'lastsess',
        'lastchg',
        'downtime',
      ),
      'status=DOWN weight=2 uweight=2 act=1 bck=0 scur=1 slim=100 lbtot=1 lastsess=2 lastchg=2 downtime=2',
    )
    assert.equal(
      some(row, 'qtime', 'ctime', 'rtime', 'ttime', 'rtime_max'),
      'qtime=1 ctime=2 rtime=4 ttime=10 rtime_max=4',
    )
    assert.equal(
      some(row, 'check_status', 'check_code', 'check_duration', 'check_desc', 'last_chk', 'chkfail', 'chkdown'),
      'check_status=L7STS check_code=500 check_duration=13 check_desc=Layer7 wrong status last_chk=HTTP status 500 chkfail=1 chkdown=1',
    )
  })

  test('says -1 for a server that never served, and tells backups from others', () => {
    const row = read(csv(objects().take()), 'app/app2')
    assert.equal(some(row, 'lastsess', 'act', 'bck', 'addr'), 'lastsess=-1 act=0 bck=1 addr=[::1]:5002')
  })

  test('is empty where HAProxy’s is: checks of an unchecked server, HTTP in TCP mode', () => {
    const row = read(csv(objects().take()), 'app/app2')
    for (const column of ['check_status', 'check_desc', 'last_chk', 'check_health', 'chkfail', 'chkdown', 'downtime']) {
      assert.equal(row[column], '', column)
    }
    const backend = new Backend('raw', { mode: 'tcp', servers: ['127.0.0.1:1'] })
    const frontend = new Frontend('tcp', { mode: 'tcp', defaultBackend: backend })
    const text = csv(snapshot({ frontends: [frontend], backends: [backend], uptime: 0 }))
    for (const line of ['tcp/FRONTEND', 'raw/127.0.0.1:1', 'raw/BACKEND']) {
      const { hrsp_1xx, hrsp_other, req_tot, mode, stot } = read(text, line)
      assert.deepEqual([hrsp_1xx, hrsp_other, req_tot, mode, stot], ['', '', '', 'tcp', '0'], line)
    }
  })

  test('quotes a cell that holds a comma or a quote, and no other', () => {
    const { app1, take } = objects()
    const cellOf = (reason: string) => {
      find(app1, { reason })
      return read(csv(take()), 'app/app1').last_chk
    }
    assert.equal(cellOf('plain; text'), 'plain; text')
    assert.equal(cellOf('a,b'), '"a,b"')
    assert.equal(cellOf('say "no"'), '"say ""no"""')
  })

  test('lets no line break of a reason begin a line', () => {
    const { app1, take } = objects()
    find(app1, { reason: 'one\r\napp,app9,\u2028two\u0085three\0' })
    const text = csv(take())
    assert.equal(text.split(/[\n\r\u0085\u2028\u2029]/).length, 6)
    assert.equal(read(text, 'app/app1').last_chk, '"one app,app9, two three "')
  })
})

test('no two figures of one kind of object want the same column', () => {
  for (const kind of ['frontend', 'backend', 'server'] as const) {
    const own = metricNames.map((name): Metric => metrics[name]).filter((metric) => metric[kind] !== undefined)
    const columns = own.flatMap(({ csv }) => (typeof csv === 'string' ? csv : Object.keys(csv ?? {})))
    assert.ok(columns.length > 15)
    assert.deepEqual(columns, [...new Set(columns)])
  }
})
