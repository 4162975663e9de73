import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBalancer } from '../../src/balance/registry.js'
import type { Server } from '../../src/core/server.js'
import { type Random, seededRandom } from '../../src/util/random.js'
import { Pool } from '../balance/pool.js'
import { HaproxyFarm, type HaproxyServer } from '../support/haproxy-pool.js'
import { skipWithout } from '../support/programs.js'

/** What HAProxy's backend and ours both do. */
interface Subject {
  /** Serves that many requests, one after the other; gives the servers' names. */
  serve(count: number): Promise<string>
  /** Begins a request that lasts; gives the server's name. */
  hold(): Promise<string>
  /** Ends one that lasts. */
  release(server: string): Promise<void>
  maintenance(server: string): Promise<void>
  ready(server: string): Promise<void>
  weigh(server: string, weight: number): Promise<void>
}

class Own implements Subject {
  readonly pool: Pool
  readonly #refusing: ReadonlySet<Server>

  constructor(algorithm: string, servers: readonly HaproxyServer[]) {
    const options = servers.map((server) => {
      if (typeof server === 'number') return server
      const { refuses, ...rest } = server
      return rest
    })
    this.pool = new Pool(createBalancer(algorithm, 'balance'), options)
    const refusing = this.pool.servers.filter((_, place) => {
      const server = servers[place]
      return typeof server === 'object' && server.refuses === true
    })
    this.#refusing = new Set(refusing)
  }

  async serve(count: number): Promise<string> {
    return Array.from({ length: count }, () => this.#serveOne()).join('')
  }

  /** As an exchange does that is redispatched once. */
  #serveOne(): string {
    let server = this.pool.take()
    server?.release()
    if (server !== undefined && this.#refusing.has(server)) {
      server = this.pool.take(server)
      server?.release()
    }
    return server?.name ?? '-'
  }

  async hold(): Promise<string> {
    return this.pool.take()?.name ?? '-'
  }

  async release(server: string): Promise<void> {
    this.pool.get(server).release()
  }

  async maintenance(server: string): Promise<void> {
    this.pool.get(server).maintenance()
  }

  async ready(server: string): Promise<void> {
    this.pool.get(server).ready()
  }

  async weigh(server: string, weight: number): Promise<void> {
    this.pool.get(server).weight = weight
  }

  /** Whether a request would be served at once. */
  get hasRoom(): boolean {
    return this.pool.servers.some((server) => server.isUsable && server.hasRoom)
  }
}

interface Scenario {
  readonly claim: string
  readonly balance: string
  readonly servers: readonly HaproxyServer[]
  /** Gives what was served. */
  readonly script: (subject: Subject) => Promise<string>
}

const weightSets: readonly (readonly number[])[] = [
  [1, 1, 1],
  [2, 1],
  [3, 1],
  [10, 1],
  [1, 2, 3],
  [3, 2, 1],
  [5, 1, 1],
  [4, 3, 2, 1],
  [7, 3],
  [2, 2, 1],
  [100, 50, 25],
]

const scenarios: readonly Scenario[] = ['roundrobin', 'static-rr', 'leastconn'].flatMap((balance) => [
  ...weightSets.map((weights) => ({
    claim: `${balance} serves weights ${weights} in HAProxy's order`,
    balance,
    servers: weights,
    script: (subject: Subject) => subject.serve(60),
  })),
  ...weightSets.map((weights) => ({
    claim: `${balance} with weights ${weights} goes on as HAProxy does when a server leaves and returns`,
    balance,
    servers: weights,
    script: async (subject: Subject) => {
      const served = [await subject.serve(7)]
      for (const server of ['b', 'a']) {
        await subject.maintenance(server)
        served.push(await subject.serve(5))
        await subject.ready(server)
        served.push(await subject.serve(23))
      }
      return served.join(' ')
    },
  })),
  {
    claim: `${balance} passes over a full server as HAProxy does`,
    balance,
    servers: [3, { weight: 2, maxConnections: 2 }, { maxConnections: 1 }],
    script: async (subject: Subject) => {
      const held = [await subject.hold(), await subject.hold(), await subject.hold(), await subject.hold()]
      const served = [...held, await subject.serve(15)]
      for (const server of held) {
        await subject.release(server)
        served.push(await subject.serve(15))
      }
      return served.join(' ')
    },
  },
  {
    claim: `${balance} passes over full servers as HAProxy does, for longer than a cycle`,
    balance,
    servers: [1, { maxConnections: 1 }, { maxConnections: 1 }, 1],
    script: async (subject: Subject) => {
      const served = [await subject.hold(), await subject.hold(), await subject.hold(), await subject.serve(33)]
      for (const server of ['b', 'c']) await subject.release(server)
      return `${served.join(' ')} ${await subject.serve(12)}`
    },
  },
  {
    claim: `${balance} avoids a server that just failed as HAProxy does`,
    balance,
    servers: [3, { weight: 2, refuses: true }, 1],
    script: (subject: Subject) => subject.serve(40),
  },
])

const weightChanges: readonly Scenario[] = ['roundrobin', 'leastconn'].map((balance) => ({
  claim: `${balance} follows changes of weight as HAProxy does`,
  balance,
  servers: [1, 2, 3],
  script: async (subject: Subject) => {
    const served = [await subject.serve(8)]
    for (const [server, weight] of [
      ['a', 7],
      ['c', 1],
      ['b', 0],
      ['b', 100],
      ['a', 3],
    ] as const) {
      await subject.weigh(server, weight)
      served.push(await subject.serve(19))
    }
    return served.join(' ')
  },
}))

test('balancing against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const all = [...scenarios, ...weightChanges]
  const farm = await HaproxyFarm.start(t, all)
  for (const [index, { claim, balance, servers, script }] of all.entries()) {
    await t.test(claim, async (t) => {
      assert.equal(await script(new Own(balance, servers)), await script(farm.pool(t, index)))
    })
  }
})

/** What may happen at random beside requests. Static algorithms take no weights while they run. */
const eventful = [
  { balance: 'roundrobin', weights: true, limits: false },
  { balance: 'roundrobin', weights: true, limits: true },
  { balance: 'static-rr', weights: false, limits: true },
  { balance: 'leastconn', weights: true, limits: true },
  { balance: 'first', weights: true, limits: true },
]
const runs = 12
const eventsPerRun = 60

test('balancing against HAProxy through random events', { skip: skipWithout('haproxy') }, async (t) => {
  const randoms = eventful.flatMap((kind, index) =>
    Array.from({ length: runs }, (_, run) => {
      const seed = 1000 * index + run
      const random = seededRandom(seed)
      return { ...kind, seed, random, servers: randomServers(random, kind.limits) }
    }),
  )
  const farm = await HaproxyFarm.start(t, randoms)
  for (const [index, { balance, weights, limits, seed, random, servers }] of randoms.entries()) {
    const claim = `${balance}${weights ? ', weights change' : ''}${limits ? ', servers fill up' : ''}, seed ${seed}`
    await t.test(claim, (t) => runEvents(new Own(balance, servers), farm.pool(t, index), random, weights))
  }
})

function randomServers(random: Random, limits: boolean): { weight: number; maxConnections: number }[] {
  const heaviest = random.next() < 0.3 ? 256 : 6
  return Array.from({ length: 1 + below(random, 5) }, () => ({
    weight: 1 + below(random, heaviest),
    maxConnections: limits ? below(random, 4) : 0,
  }))
}

/** Does the same to both, and compares what they serve. */
async function runEvents(own: Own, haproxy: Subject, random: Random, weights: boolean): Promise<void> {
  const log: string[] = []
  const change = async (what: string, act: (subject: Subject) => Promise<void>): Promise<void> => {
    log.push(what)
    for (const subject of [own, haproxy]) await act(subject)
  }
  const compare = async (act: (subject: Subject) => Promise<string>): Promise<string> => {
    const [ours, theirs] = [await act(own), await act(haproxy)]
    assert.equal(ours, theirs, `HAProxy served ${theirs}, we ${ours}, after: ${log.join(', ')}`)
    log.push(ours)
    return ours
  }
  const held: string[] = []
  const isLimited = own.pool.servers.some(({ maxConnections }) => maxConnections > 0)
  for (let event = 0; event < eventsPerRun; event++) {
    const { name, administrative } = own.pool.servers[below(random, own.pool.servers.length)]!
    const kind = random.next()
    if (kind < 0.5) {
      const count = 1 + below(random, 12)
      if (own.hasRoom) await compare((subject) => subject.serve(count))
    } else if (kind < 0.65) {
      const order = administrative === 'ready' ? 'maintenance' : 'ready'
      await change(`${order} ${name}`, (subject) => subject[order](name))
    } else if (kind < 0.75 && weights) {
      const weight = below(random, random.next() < 0.3 ? 257 : 8)
      await change(`weight ${weight} for ${name}`, (subject) => subject.weigh(name, weight))
    } else if (isLimited && own.hasRoom && random.next() < 0.6) {
      held.push(await compare((subject) => subject.hold()))
    } else if (held.length > 0) {
      const [server = ''] = held.splice(below(random, held.length), 1)
      await change(`release of ${server}`, (subject) => subject.release(server))
    }
  }
  for (const server of held) await haproxy.release(server)
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit)
}
