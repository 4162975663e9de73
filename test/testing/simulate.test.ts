import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import type { Server } from '../../src/core/server.js'
import { Backend, createProxy, Frontend, path, seededRandom } from '../../src/index.js'
import { exponential, uniform } from '../../src/testing/distributions.js'
import { simulate } from '../../src/testing/simulate.js'
import type { Traffic } from '../../src/testing/simulation/traffic.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'

const bind = 8080

/** Servers by name, of which each takes so many requests at a time. */
function servers(names: string, maxConnections = 0) {
  return [...names].map((name) => ({ name, address: '10.0.0.1:80', maxConnections }))
}

/** Asserts that a figure is what theory says, give or take a share of it. */
function near(actual: number, expected: number, tolerance: number): void {
  const deviation = Math.abs(actual - expected) / expected
  assert.ok(deviation <= tolerance, `${actual} is not within ${tolerance * 100} % of ${expected}`)
}

describe('the time in queues is that of theory', () => {
  // So many that the means settle.
  const requests = 400_000
  const patient = { bind, timeout: { queue: 0 } }

  test('with one server and exponential service times (M/M/1)', () => {
    for (const [load, seed] of [
      [0.5, 1],
      [0.8, 2],
    ] as const) {
      const { queueing, servers: served } = simulate(
        { ...patient, servers: servers('a', 1) },
        { rate: 100 * load, requests, service: exponential(10), seed },
      )
      near(queueing.mean, (10 * load) / (1 - load), 0.05)
      near(served['main/a']!.load, load, 0.01)
    }
  })

  test('with one server and constant service times (M/D/1): half of that', () => {
    const { queueing } = simulate({ ...patient, servers: servers('a', 1) }, { rate: 80, requests, service: 10 })
    near(queueing.mean, 20, 0.05)
  })

  test('with regular arrivals and constant service times (D/D/1): none', () => {
    const { queueing } = simulate(
      { ...patient, servers: servers('a', 1) },
      { rate: 80, arrivals: 'fixed', requests: 1000, service: 10 },
    )
    assert.deepEqual([queueing.max, queueing.p99], [0, 0])
  })

  test('with four servers behind one queue (M/M/4, by Erlang’s formula)', () => {
    const [count, offered] = [4, 3.2]
    const terms = [1, offered, offered ** 2 / 2, offered ** 3 / 6]
    const full = offered ** 4 / 24 / (1 - offered / count)
    const wait = full / (terms.reduce((sum, term) => sum + term) + full)
    const { queueing } = simulate(
      { ...patient, servers: servers('abcd', 1) },
      { rate: 320, requests, service: exponential(10) },
    )
    near(queueing.mean, (1000 * wait) / (400 - 320), 0.05)
  })

  test('which is why one queue beats one for each server', () => {
    class Blind implements Balancer {
      readonly algorithm = 'blind'
      #servers: readonly Server[] = []
      rebuild(candidates: readonly Server[]): void {
        this.#servers = candidates
      }
      pick({ random }: PickContext): Server | undefined {
        return this.#servers[Math.floor(random.next() * this.#servers.length)]
      }
    }
    // Each of the four is an M/M/1 of its own: nobody looks where there is room.
    const { queueing } = simulate(
      { ...patient, balance: new Blind(), servers: servers('abcd', 1) },
      { rate: 320, requests, service: exponential(10) },
    )
    near(queueing.mean, 40, 0.05)
  })
})

describe('the same seed', () => {
  const run = (seed: number) =>
    simulate(
      {
        bind,
        balance: 'random',
        retryOn: 503,
        check: { interval: '1s' },
        timeout: { server: '1s', queue: '1s' },
        servers: servers('abc', 3),
      },
      {
        rate: 200,
        duration: '1m',
        service: uniform(5, 50),
        failures: [
          { server: 'a', from: '10s', to: '20s' },
          { server: 'b', kind: 503, ratio: 0.1 },
          { server: 'c', kind: 'silent', ratio: 0.01 },
        ],
        seed,
      },
    )

  test('gives the same result twice, and another seed another one', () => {
    const first = run(7)
    assert.deepEqual(run(7), first)
    assert.notDeepEqual(run(8), first)
    assert.ok(first.retries > 0 && first.queueing.max > 0)
  })

  test('brings the same traffic whatever the proxy makes of it', () => {
    const config = { bind, servers: servers('ab') }
    const traffic: Traffic = { rate: 50, duration: '1m', service: 10 }
    const [one, other] = (['roundrobin', 'random'] as const).map((balance) => simulate({ ...config, balance }, traffic))
    assert.equal(one?.requests, other?.requests)
    assert.equal(one?.duration, other?.duration)
  })
})

describe('unequal servers', () => {
  const traffic: Traffic = {
    rate: 100,
    duration: '10m',
    service: { fast: exponential(10), slow: exponential(50) },
  }
  const run = (balance: 'roundrobin' | 'leastconn') => {
    const names = ['fast', 'slow'].map((name) => ({ name, address: '10.0.0.1:80' }))
    return simulate({ bind, balance, servers: names }, traffic)
  }

  test('share evenly under roundrobin, by what they can under leastconn', () => {
    const [turn, least] = [run('roundrobin'), run('leastconn')]
    near(turn.servers['main/slow']!.share, 0.5, 0.001)
    assert.ok(least.servers['main/slow']!.share < 0.35)
    assert.ok(least.responseTime.mean < turn.responseTime.mean * 0.8)
    near(turn.responseTime.mean, 30, 0.05)
  })
})

describe('a failing server', () => {
  const config = { bind, servers: servers('ab') }
  const traffic: Traffic = { rate: 100, duration: '1m', arrivals: 'fixed', service: 10 }

  test('that refuses connections costs retries until its checks find out', () => {
    const failures = [{ server: 'a', from: '20s', to: '40s' }]
    const unchecked = simulate(config, { ...traffic, failures })
    assert.deepEqual(unchecked.statuses, { 200: unchecked.requests })
    // Every request of twenty seconds goes there first: the retry of the one before took the other's turn.
    near(unchecked.retries, 2000, 0.01)
    assert.equal(unchecked.redispatched, unchecked.retries)

    const checked = simulate({ ...config, check: { interval: '1s', fall: 3, rise: 2 } }, { ...traffic, failures })
    near(checked.retries, 250, 0.25)
    assert.ok(checked.servers['main/b']!.share > 0.6)
  })

  test('that refuses connections is all there is: 503', () => {
    const { statuses, retries } = simulate(
      { bind, retries: 1, timeout: { connect: 100 }, servers: servers('a') },
      { ...traffic, failures: [{ server: 'a', from: '30s' }] },
    )
    assert.deepEqual(statuses, { 200: 2999, 503: 3000 })
    assert.equal(retries, 3000)
  })

  test('that closes is 502, and one that says nothing 504 after its time', () => {
    const closing = simulate(config, { ...traffic, failures: [{ server: 'a', kind: 'close' }] })
    near(closing.statuses[502]!, 3000, 0.001)
    const silent = simulate(
      { ...config, timeout: { server: '2s' } },
      { ...traffic, failures: [{ server: 'b', kind: 'silent' }] },
    )
    near(silent.statuses[504]!, 3000, 0.001)
    assert.equal(silent.responseTime.max, 2000)
  })

  test('that answers with errors now and then is covered by retryOn', () => {
    const failures = [
      { server: 'a', kind: 503, ratio: 0.1 },
      { server: 'main/b', kind: 503, ratio: 0.1 },
    ]
    const bare = simulate(config, { ...traffic, failures })
    near(bare.statuses[503]!, 600, 0.15)
    assert.equal(bare.retries, 0)
    const covered = simulate({ ...config, retryOn: ['conn-failure', 503], retries: 3 }, { ...traffic, failures })
    near(covered.retries, 667, 0.15)
    assert.ok((covered.statuses[503] ?? 0) <= 5)
  })

  test('fails the checks that would see it', () => {
    const outages = { server: 'a', from: '5s', to: '50s' }
    const share = (check: object, kind: 'refuse' | 'close' | 'silent' | number) => {
      const failures = [{ ...outages, kind }]
      return simulate({ ...config, check: { interval: '1s', ...check } }, { ...traffic, failures }).servers['main/b']!
        .share
    }
    const http = { http: { path: '/health' } }
    for (const kind of ['refuse', 'close', 'silent', 500] as const) assert.ok(share(http, kind) > 0.6, String(kind))
    // Whoever only connects sees nothing; whoever takes every status, neither.
    for (const kind of ['close', 'silent', 500] as const) assert.ok(share({}, kind) < 0.9, String(kind))
    near(share({}, 500), 0.5, 0.01)
    near(share({ http: { expect: { status: '200-599' } } }, 500), 0.5, 0.01)
  })
})

test('a retry budget keeps servers in trouble from four times their traffic', () => {
  const traffic: Traffic = {
    rate: 500,
    duration: '1m',
    service: 10,
    failures: ['a', 'b', 'c'].map((server) => ({ server, kind: 503 })),
  }
  const config = { bind, retryOn: 503, retries: 3, servers: servers('abc') } as const
  const tries = (retryBudget?: { ratio: number; minimumPerSecond: number }): number => {
    const result = simulate({ ...config, ...(retryBudget && { retryBudget }) }, traffic)
    const all = Object.values(result.servers).reduce((sum, server) => sum + server.tries, 0)
    return all / result.requests
  }
  assert.equal(tries(), 4)
  // The ten seconds that a retry counts for begin before it: their first share is a little more.
  near(tries({ ratio: 0.2, minimumPerSecond: 10 }), 1.22, 0.03)
  assert.equal(tries({ ratio: 0, minimumPerSecond: 0 }), 1)
})

describe('queues', () => {
  test('give up on requests after timeout.queue', () => {
    const { statuses, queueing, requests } = simulate(
      { bind, timeout: { queue: '100ms' }, servers: servers('a', 1) },
      { rate: 200, duration: '1m', service: 10 },
    )
    assert.equal(
      Object.values(statuses).reduce((sum, count) => sum + count),
      requests,
    )
    // The server is busy all the time: what it can't take waits in vain.
    near(statuses[200]!, 6000, 0.01)
    assert.ok(statuses[503]! > 5000)
    near(queueing.max, 100, 1e-9)
  })

  test('that nobody ends are unanswered in the end', () => {
    const { unanswered, requests, statuses } = simulate(
      { bind, timeout: { server: 0 }, servers: servers('a') },
      { rate: 10, requests: 5, service: 10, failures: [{ server: 'a', kind: 'silent' }] },
    )
    assert.deepEqual([unanswered, requests, statuses], [5, 5, {}])
  })
})

describe('stickiness', () => {
  test('is that of the algorithm', () => {
    class BySource implements Balancer {
      readonly algorithm = 'by-source'
      #servers: readonly Server[] = []
      rebuild(candidates: readonly Server[]): void {
        this.#servers = candidates
      }
      pick({ exchange }: PickContext): Server | undefined {
        const last = Number(exchange.source.address.split('.')[3])
        return this.#servers[last % this.#servers.length]
      }
    }
    const traffic: Traffic = { rate: 100, requests: 10_000, clients: 200, service: 10 }
    const config = { bind, servers: servers('abc') }
    assert.equal(simulate({ ...config, balance: new BySource() }, traffic).stickiness, 1)
    assert.equal(simulate({ ...config, balance: new BySource(), servers: servers('a') }, traffic).stickiness, 1)
    assert.ok(simulate({ ...config, balance: 'random' }, traffic).stickiness < 0.01)
  })

  test('comes with a cookie that the proxy inserts, as clients keep it', () => {
    const traffic: Traffic = { rate: 100, requests: 10_000, clients: 200, service: 10 }
    const named = servers('abc').map((server) => ({ ...server, cookie: server.name }))
    const cookie = { name: 'SRV', mode: 'insert', indirect: true } as const
    const { stickiness, servers: served } = simulate({ bind, cookie, servers: named }, traffic)
    // All but those who asked twice before they had their cookie.
    assert.ok(stickiness >= 0.99)
    near(served['main/b']!.share, 1 / 3, 0.05)
    // While its server is away a client is served by another one, and stays there.
    const failures = [{ server: 'a', from: '40s', to: '60s' }]
    const checked = simulate({ bind, cookie, check: { interval: '1s' }, servers: named }, { ...traffic, failures })
    assert.ok(checked.stickiness > 0.5 && checked.stickiness < 0.8)
    assert.deepEqual(checked.statuses, { 200: 10_000 })
  })

  test('is whole where nobody came twice', () => {
    const traffic: Traffic = { rate: 100, requests: 20, clients: 1_000_000, service: 10 }
    assert.equal(simulate({ bind, servers: servers('ab') }, traffic).stickiness, 1)
  })
})

describe('what clients ask for', () => {
  test('is routed as from a socket', () => {
    const config = {
      frontends: { main: { routes: [{ backend: 'files', when: path.startsWith('/static') }], defaultBackend: 'app' } },
      backends: { files: { servers: servers('f') }, app: { servers: servers('a') } },
    }
    const { servers: served } = simulate(config, {
      rate: 100,
      requests: 1000,
      clients: 10,
      service: { f: 1, 'app/a': '20ms' },
      request: (client) => ({ url: client < 3 ? '/static/a.css' : '/', headers: { 'X-Client': String(client) } }),
    })
    near(served['files/f']!.share, 0.3, 0.1)
    assert.ok(served['app/a']!.load > 10 * served['files/f']!.load)
  })

  test('may come to another frontend than the first', () => {
    const config = {
      frontends: { one: { defaultBackend: 'a' }, two: { defaultBackend: 'b' } },
      backends: { a: { servers: servers('a') }, b: { servers: servers('b') } },
    }
    const { servers: served } = simulate(config, { rate: 100, requests: 10, service: 1, frontend: 'two' })
    assert.deepEqual(Object.keys(served), ['b/b'])
  })

  test('has every client’s own address, unless it names one', () => {
    const seen = new Set<string>()
    const config = {
      frontends: {
        main: {
          routes: [
            {
              backend: 'app',
              when: ({ source, method }: { source: { address: string }; method: string }) => {
                seen.add(`${method} ${source.address}`)
                return true
              },
            },
          ],
        },
      },
      backends: { app: { servers: servers('a') } },
    }
    simulate(config, { rate: 100, requests: 100, clients: 3, service: 1 })
    assert.deepEqual([...seen].sort(), ['GET 10.0.0.0', 'GET 10.0.0.1', 'GET 10.0.0.2'])
    seen.clear()
    const request = { method: 'POST', source: '192.0.2.7' }
    simulate(config, { rate: 100, requests: 10, clients: 3, service: 1, request })
    assert.deepEqual([...seen], ['POST 192.0.2.7'])
  })
})

describe('a frontend of one’s own', () => {
  const make = () => {
    const clock = new VirtualClock()
    const app = new Backend('app', { clock, random: seededRandom(1), servers: servers('ab') })
    return { clock, app, web: new Frontend('web', { defaultBackend: app }) }
  }

  test('goes on where it was, and obeys orders on the way', () => {
    const { clock, app, web } = make()
    const traffic: Traffic = { rate: 100, arrivals: 'fixed', duration: '10s', service: 5 }
    clock.setTimer(() => app.server('a').drain(), 5000)
    const first = simulate(web, traffic)
    near(first.servers['app/a']!.share, 0.25, 0.02)
    app.server('a').ready()
    near(simulate(web, traffic).servers['app/a']!.share, 0.5, 0.02)
    assert.equal(web.counters.requests, 2 * first.requests)
  })

  test('lets servers join', () => {
    const { clock, app, web } = make()
    clock.setTimer(() => app.addServer({ name: 'c', address: '10.0.0.1:80' }), 5000)
    const { servers: served } = simulate(web, { rate: 100, duration: '10s', service: 5 })
    near(served['app/c']!.share, 1 / 6, 0.1)
  })

  test('is left as it was found', () => {
    const { clock, app, web } = make()
    const timers = clock.timers
    simulate(web, {
      rate: 100,
      duration: '10s',
      service: 50,
      failures: [{ server: 'a', kind: 'silent', ratio: 0.1 }],
    })
    assert.equal(clock.timers, timers)
    assert.deepEqual(
      app.servers.map(({ served, transport }) => [served, transport]),
      [
        [0, undefined],
        [0, undefined],
      ],
    )
    assert.equal(web.counters.sessions.current, 0)
    assert.deepEqual(app.eventNames(), [])
  })

  test('is left as it was found by one that broke off, too', () => {
    const { clock, app, web } = make()
    const service = (): number => (clock.now() > 1000 ? Number.NaN : 50)
    assert.throws(() => simulate(web, { rate: 100, duration: '10s', service }), { code: 'ERR_EVENKEEL_OPTION' })
    assert.deepEqual([clock.timers, app.server('a').served, app.server('b').served], [0, 0, 0])
    simulate(web, { rate: 100, duration: '1s', service: 5 })
  })
})

describe('a simulation refuses', () => {
  const config = { bind, servers: servers('ab') }
  const traffic: Traffic = { rate: 1, requests: 1, service: 1 }
  const bad: readonly [object, string][] = [
    [{ rate: undefined }, 'rate'],
    [{ rate: 0 }, 'rate'],
    [{ rate: '10' }, 'rate'],
    [{ requests: undefined }, 'duration'],
    [{ requests: 0 }, 'requests'],
    [{ duration: -1 }, 'duration'],
    [{ arrivals: 'sometimes' }, 'arrivals'],
    [{ clients: 0 }, 'clients'],
    [{ service: undefined }, 'service'],
    [{ service: -1 }, 'service'],
    [{ service: { a: 1 } }, 'service.b'],
    [{ service: { a: 1, b: 1, c: 1 } }, 'service.c'],
    [{ service: { a: 1, b: 'soon' } }, 'service.b'],
    [{ service: () => -1 }, 'service'],
    [{ failures: [{}] }, 'failures[0].server'],
    [{ failures: [{ server: 'c' }] }, 'failures[0].server'],
    [{ failures: [{ server: 'a', kind: 'burn' }] }, 'failures[0].kind'],
    [{ failures: [{ server: 'a', ratio: 2 }] }, 'failures[0].ratio'],
    [{ failures: [{ server: 'a', until: 2 }] }, 'failures[0].until'],
    [{ failures: {} }, 'failures'],
    [{ seed: -1 }, 'seed'],
    [{ request: 5 }, 'request'],
    [{ request: { url: '' } }, 'request(0).url'],
    [{ request: { headers: { 'Content-Length': '5' } } }, 'request(0)'],
    [{ speed: 1 }, 'speed'],
  ]
  for (const [change, name] of bad) {
    test(JSON.stringify(change), () => {
      const expected = { code: 'ERR_EVENKEEL_OPTION', path: `simulate(traffic).${name}` }
      assert.throws(() => simulate(config, { ...traffic, clients: 1, ...change } as Traffic), expected)
    })
  }

  test('real time, TCP mode, and a frontend that is not there', () => {
    const real = new Frontend('web', { defaultBackend: new Backend('app', { servers: servers('a') }) })
    assert.throws(() => simulate(real, traffic), { path: 'simulate(target).clock' })
    assert.throws(() => simulate({ ...config, mode: 'tcp' }, traffic), { path: 'simulate(target).mode' })
    assert.throws(() => simulate({ frontends: {} }, traffic), { path: 'simulate(target).frontends' })
    assert.throws(() => simulate(config, { ...traffic, frontend: 'web' }), { code: 'ERR_EVENKEEL_UNKNOWN_NAME' })
    const proxy = createProxy({ ...config, clock: new VirtualClock() })
    const named = { ...traffic, frontend: 'main' }
    assert.throws(() => simulate(proxy.frontend('main'), named), { path: 'simulate(traffic).frontend' })
    assert.equal(simulate(proxy.frontend('main'), traffic).requests, 1)
  })
})
