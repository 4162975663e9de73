import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import type { Wire } from '../support/wire.js'
import { type Entry, type Side, startBoth, type Twins } from './side-by-side.js'

const skip = skipWithout('haproxy')
const timeout = 30_000
const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A misfortune, and what both proxies shall make of it. */
interface Case {
  readonly what: string
  /** Names of servers, in order: `dead…` refuse connections, `live…` accept and do as `server` says. */
  readonly servers: readonly string[]
  readonly twins?: Omit<Twins, 'servers'>
  readonly request?: string
  /** What the live server does with a request. Default: it answers 200. */
  readonly server?: (wire: Wire) => void
  /** What the client does when the request is with the server. */
  readonly client?: (wire: Wire) => void
  /** The status that the client gets; `cut`: its connection ends in the middle of the response. */
  readonly clientSees: number | 'cut' | 'nothing'
  readonly log: Entry
  /** The status in HAProxy's log where it differs. */
  readonly haproxyStatus?: number
}

/** An entry; what is left out is as it is when all goes well at the first try. */
function entry(parts: Partial<Entry>): Entry {
  return { server: 'live', status: 200, termination: '----', timers: all, retries: 0, redispatched: false, ...parts }
}

/** What the timers TR, Tw, Tc and Tr tell: how far an exchange came. */
const all = [0, 0, 0, 0]
const noHead = [0, 0, 0, -1]
const noConnection = [0, 0, -1, -1]
const noServer = [0, -1, -1, -1]

/** Both ways to say how often a failed connection is tried again, and whether elsewhere; pauses are short. */
function retries(count: number, redispatch: boolean): Omit<Twins, 'servers'> {
  const redispatches = redispatch ? 'option redispatch' : 'no option redispatch'
  // The pause before the same server is tried again is as long as a connection may take.
  const connect = redispatch ? '2s' : '100ms'
  return {
    haproxy: { backend: [`retries ${count}`, `timeout connect ${connect}`, redispatches] },
    backend: { retries: count, timeout: { connect }, redispatch },
  }
}

const cases: Case[] = [
  { what: 'nothing goes wrong', servers: ['live'], clientSees: 200, log: entry({}) },
  {
    what: 'the backend has no server',
    servers: [],
    clientSees: 503,
    log: entry({ server: null, status: 503, termination: 'SC--', timers: noServer }),
  },
  {
    what: 'the only server refuses connections, and nothing is tried again',
    servers: ['dead'],
    twins: retries(0, false),
    clientSees: 503,
    log: entry({ server: 'dead', status: 503, termination: 'SC--', timers: noConnection }),
  },
  {
    what: 'the only server refuses connections',
    servers: ['dead'],
    twins: retries(2, false),
    clientSees: 503,
    log: entry({ server: 'dead', status: 503, termination: 'SC--', timers: noConnection, retries: 2 }),
  },
  {
    what: 'the server of the turn refuses connections, and redispatch is off',
    servers: ['dead', 'live'],
    twins: retries(2, false),
    clientSees: 503,
    log: entry({ server: 'dead', status: 503, termination: 'SC--', timers: noConnection, retries: 2 }),
  },
  {
    what: 'the server of the turn refuses connections, another does not',
    servers: ['dead', 'live'],
    twins: retries(3, true),
    clientSees: 200,
    log: entry({ retries: 1, redispatched: true }),
  },
  {
    what: 'under leastconn the idle server of the turn refuses connections, another does not',
    servers: ['dead', 'live'],
    twins: { haproxy: { backend: ['balance leastconn', 'option redispatch'] }, backend: { balance: 'leastconn' } },
    clientSees: 200,
    log: entry({ retries: 1, redispatched: true }),
  },
  {
    what: 'two servers refuse connections, the third does not',
    servers: ['dead1', 'dead2', 'live'],
    twins: retries(3, true),
    clientSees: 200,
    log: entry({ retries: 2, redispatched: true }),
  },
  {
    what: 'all servers refuse connections',
    servers: ['dead1', 'dead2', 'dead3'],
    twins: retries(3, true),
    clientSees: 503,
    log: entry({
      server: 'dead1',
      status: 503,
      termination: 'SC--',
      timers: noConnection,
      retries: 3,
      redispatched: true,
    }),
  },
  {
    what: 'the server closes without an answer',
    servers: ['live'],
    server: (wire) => wire.end(),
    clientSees: 502,
    log: entry({ status: 502, termination: 'SH--', timers: noHead }),
  },
  {
    what: 'the server breaks the connection without an answer',
    servers: ['live'],
    server: (wire) => wire.reset(),
    clientSees: 502,
    log: entry({ status: 502, termination: 'SH--', timers: noHead }),
  },
  {
    what: 'the server answers what is no HTTP',
    servers: ['live'],
    server: (wire) => wire.end('This is no HTTP.\r\n\r\n'),
    clientSees: 502,
    log: entry({ status: 502, termination: 'PH--', timers: noHead }),
  },
  {
    what: 'the server stops in the middle of its head',
    servers: ['live'],
    server: (wire) => wire.end('HTTP/1.1 200 OK\r\nContent-Le'),
    clientSees: 502,
    log: entry({ status: 502, termination: 'SH--', timers: noHead }),
  },
  {
    what: 'the server does not answer in time',
    servers: ['live'],
    twins: { haproxy: { backend: ['timeout server 200ms'] }, backend: { timeout: { server: '200ms' } } },
    server: () => {},
    clientSees: 504,
    log: entry({ status: 504, termination: 'sH--', timers: noHead }),
  },
  {
    what: 'the server closes in the middle of a body with a length',
    servers: ['live'],
    server: (wire) => wire.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    clientSees: 'cut',
    log: entry({ termination: 'SD--' }),
  },
  {
    what: 'the server closes in the middle of a chunked body',
    servers: ['live'],
    server: (wire) => wire.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    clientSees: 'cut',
    log: entry({ termination: 'SD--' }),
  },
  {
    what: 'the server falls silent in the middle of its body',
    servers: ['live'],
    twins: { haproxy: { backend: ['timeout server 200ms'] }, backend: { timeout: { server: '200ms' } } },
    server: (wire) => wire.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    clientSees: 'cut',
    log: entry({ termination: 'sD--' }),
  },
  {
    what: 'the client leaves while the server thinks',
    servers: ['live'],
    twins: { haproxy: { defaults: ['option abortonclose'] } },
    server: () => {},
    client: (wire) => wire.end(),
    clientSees: 'nothing',
    // HAProxy logs the 400 that nobody was there to get; evenkeel's log has what the client got.
    haproxyStatus: 400,
    log: entry({ status: -1, termination: 'CH--', timers: noHead }),
  },
]

for (const one of cases) {
  test(`HAProxy and evenkeel tell the same when ${one.what}`, { skip, timeout }, async (t) => {
    const { servers, origin } = await startServers(t, one.servers)
    for (const side of await startBoth(t, { servers, ...one.twins })) {
      const seen = await play(t, one, side, origin)
      const status = (side.name === 'HAProxy' && one.haproxyStatus) || one.log.status
      const expected = { client: one.clientSees, log: { ...one.log, status } }
      assert.deepEqual({ client: seen, log: await side.logged() }, expected, side.name)
    }
  })
}

async function startServers(
  t: TestContext,
  names: readonly string[],
): Promise<{ servers: Record<string, string>; origin: RawOrigin }> {
  const origin = await RawOrigin.listen(t)
  const dead = await closedAddress()
  const servers = names.map((name) => [name, name === 'live' ? origin.address : `${dead.host}:${dead.port}`])
  return { servers: Object.fromEntries(servers), origin }
}

/** Lets client and server act, and gives what the client gets. */
async function play(t: TestContext, one: Case, side: Side, origin: RawOrigin): Promise<Case['clientSees']> {
  const client = await connect(t, side)
  client.send(one.request ?? get)
  const reachesServer = one.server !== undefined || one.clientSees === 200
  if (reachesServer) {
    const { wire } = await origin.receive()
    if (one.server === undefined) wire.send(ok)
    else one.server(wire)
  }
  if (one.client !== undefined) {
    one.client(client)
    return 'nothing'
  }
  try {
    return (await readResponse(client)).status
  } catch (error) {
    assert.ok(client.hasEnded, String(error))
    return 'cut'
  }
}
