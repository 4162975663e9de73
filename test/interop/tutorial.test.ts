import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import type { ExchangeRecord, ProxyServer, Server } from '../../src/index.js'
import { run } from '../support/command.js'
import { type FailedRequest, Load } from '../support/load.js'
import type { Nginx } from '../support/nginx.js'
import { skipWithout } from '../support/programs.js'
import { turn, within } from '../support/within.js'
import { appNames, fall, rise, type Scene, tutorial } from './tutorial-scene.js'

const skip = skipWithout('nginx', 'curl')
const timeout = 60_000
const clients = 20

/** Gets every URL with one curl, over one connection. */
async function curl(urls: readonly string[], ...options: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run('curl', ['-sS', '-w', '\\n', ...options, ...urls])
  assert.equal(code, 0, stderr)
  return stdout.split('\n').slice(0, -1)
}

test('paths and extensions of the static kind go to the static server, the rest to the application', {
  skip,
  timeout,
}, async (t) => {
  const { port } = await tutorial(t)
  const isStatic: Record<string, boolean> = {
    '/static': true,
    '/static/deep/page': true,
    '/staticfile': true,
    '/a.jpg': true,
    '/deep/b.gif': true,
    '/c.png?size=2': true,
    '/d.css': true,
    '/e.js': true,
    '/': false,
    '/app/static': false,
    '/Static/a': false,
    '/f.JPG': false,
    '/g.css/h': false,
    '/i?file=j.css': false,
    '/k.css2': false,
    '/.js/': false,
  }
  const targets = Object.keys(isStatic)
  const answers = await curl(targets.map((target) => `http://127.0.0.1:${port}${target}`))
  const wentToStatic = answers.map((answer) => answer.startsWith('static1 '))
  assert.deepEqual(Object.fromEntries(targets.map((target, i) => [target, wentToStatic[i]])), isStatic)
})

test('the application servers take turns, and clients of 127.0.0.0/8 are not told of', { skip, timeout }, async (t) => {
  const { port, origins } = await tutorial(t)
  const answers = await curl(Array.from({ length: 8 }, (_, i) => `http://127.0.0.1:${port}/${i}`))
  assert.deepEqual(
    answers.toSorted(),
    appNames.flatMap((name) => [`${name} `, `${name} `]),
  )
  const named = await curl([`http://127.0.0.1:${port}/static`], '-H', 'X-Forwarded-For: 192.0.2.1')
  assert.deepEqual(named, ['static1 192.0.2.1'], 'what came is left alone')
  const log = await origins.static1!.requests(1)
  assert.ok(log.some(({ target, host }) => target === '/static' && host === `127.0.0.1:${port}`))
})

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

test("a client outside of 127.0.0.0/8 is told of, in the place of the client's own word", {
  skip: skip || (!hasIpv6 && 'there is no ::1 here'),
  timeout,
}, async (t) => {
  const { port } = await tutorial(t, 'roundrobin', '[::1]:0')
  const url = `http://[::1]:${port}/static`
  assert.deepEqual(await curl([url]), ['static1 ::1'])
  assert.deepEqual(await curl([url], '-H', 'X-Forwarded-For: 192.0.2.1'), ['static1 ::1'])
})

const endings = {
  'is stopped': (nginx: Nginx) => nginx.stop(),
  'is killed': (nginx: Nginx) => nginx.kill(),
}

for (const balance of ['roundrobin', 'leastconn'] as const) {
  for (const [ending, end] of Object.entries(endings)) {
    test(`under ${balance}, a server that ${ending} under load costs what was in flight there at most, and comes back`, {
      skip,
      timeout,
    }, async (t) => {
      const scene = await tutorial(t, balance)
      const load = new Load(t, scene.port, clients, ['/', '/page?x=1', '/app', '/static/a.css'])
      await load.answers(100)
      const dying = await outage(scene, load, end)
      await comeback(scene, load, balance)
      await load.stop()
      const failed = scene.records.filter(({ failure }) => failure !== null)
      assert.deepEqual(
        failed.filter((record) => !mayFail(record, dying)),
        [],
      )
      // A client sees exactly what the log says, and no client fails twice: none has two requests in flight.
      assert.deepEqual(load.failures.map(why), failed.map(statusOf))
      assert.ok(failed.length <= clients, `${failed.length} failed`)
      const retried = scene.records.filter(({ retries }) => retries > 0)
      const saved = retried.filter(({ time }) => Date.parse(time) < dying.from)
      if (ending === 'is killed') assert.ok(saved.length > 0, 'nothing that was in flight was tried again')
      const counts = [`${dying.inFlight} in flight`, `${saved.length} of them tried again`, `${failed.length} failed`]
      t.diagnostic(`${counts.join(', ')}; ${retried.length} of ${load.answered} tried again`)
    })
  }
}

function why(failure: FailedRequest): string {
  return failure.why
}

function statusOf({ status }: ExchangeRecord): string {
  return String(status)
}

/** From and to when the server was ending, by the wall clock, and how many requests were with it at the order. */
interface Dying {
  readonly from: number
  readonly to: number
  readonly inFlight: number
}

/**
 * The only loss that the retry rules allow: the server closed a connection without a word after the request had gone
 * out on it, while the server was ending, and the connection was new, or the one that took its place was.
 */
function mayFail({ failure, server, status, time, Ta }: ExchangeRecord, { from, to }: Dying): boolean {
  const began = Date.parse(time)
  const wasInFlight = began <= to + 2 && began + Ta >= from - 2
  return failure === 'server-closed' && status === 502 && server === 'app2' && wasInFlight
}

/** Ends app2 under load: it is down after `fall` checks, and gets nothing from then on. */
async function outage(scene: Scene, load: Load, end: (nginx: Nginx) => Promise<void>): Promise<Dying> {
  const { proxy, origins, records } = scene
  const server = proxy.server('app/app2')
  const failedChecks = server.failedChecks
  const down = changeOf(proxy, 'server:down', server)
  while (server.served < 2) await turn()
  const inFlight = server.served
  const from = Date.now()
  await end(origins.app2!)
  const to = Date.now()
  await down
  const { chosen } = server.counters
  const downAt = Date.now()
  assert.equal(server.failedChecks - failedChecks, fall)
  await load.answers(150)
  assert.equal(server.counters.chosen, chosen, 'a server that is down was chosen')
  const late = records.filter(({ server, time }) => server === 'app2' && Date.parse(time) > downAt + 2)
  assert.deepEqual(late, [])
  return { from, to, inFlight }
}

/** Starts app2 again: it is up after `rise` checks, and gets its share from then on. */
async function comeback({ proxy, origins, records }: Scene, load: Load, balance: string): Promise<void> {
  const server = proxy.server('app/app2')
  const { chosen } = server.counters
  const before = (await origins.app2!.requests(1)).length
  const up = changeOf(proxy, 'server:up', server).then(() => server.counters.chosen)
  await origins.app2!.start()
  assert.equal(await up, chosen, 'a server was chosen before it was up')
  // Up to a cycle may pass before a server's first turn.
  await load.answers(2 * clients)
  const first = records.length
  await load.answers(240)
  const share = shareOf('app2', records.slice(first))
  // Servers that answer at once are all idle most of the time: then the least used one is a matter of chance.
  const tolerance = balance === 'roundrobin' ? 0.04 : 0.15
  assert.ok(Math.abs(share - 0.25) <= tolerance, `its share is ${share}`)
  const log = (await origins.app2!.requests(before + rise + 1)).slice(before)
  const firstTraffic = log.findIndex(({ target }) => target !== '/health')
  assert.ok(firstTraffic >= rise, `traffic came after ${firstTraffic} checks`)
}

/** Resolves when checks have changed a server's health that way. */
function changeOf(proxy: ProxyServer, name: 'server:up' | 'server:down', server: Server): Promise<void> {
  const changed = new Promise<void>((resolve) => {
    proxy.on(name, (event) => {
      if (event.server === server) resolve()
    })
  })
  return within(changed, () => `no ${name} of ${server.name}`)
}

/** Which part of the application's traffic a server had. */
function shareOf(server: string, records: readonly ExchangeRecord[]): number {
  const all = records.filter(({ backend }) => backend === 'app')
  return all.filter((record) => record.server === server).length / all.length
}
