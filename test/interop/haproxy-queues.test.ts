import assert from 'node:assert/strict'
import { test } from 'node:test'
import { header } from '../../src/index.js'
import { type Random, seededRandom } from '../../src/util/random.js'
import { skipWithout } from '../support/programs.js'
import { type QueueEntry, QueueScene, type QueueTwins } from './queue-scene.js'

const options = { skip: skipWithout('haproxy'), timeout: 30_000 }

/** Runs the same script on both, and compares what it gives. */
async function compare<T>(scenes: readonly QueueScene[], script: (scene: QueueScene) => Promise<T>): Promise<T> {
  const [haproxy, own] = scenes as [QueueScene, QueueScene]
  const theirs = await script(haproxy)
  assert.deepEqual(await script(own), theirs)
  return theirs
}

/** Servers `a` and `b` that serve one at a time; a request with `X-To` goes to the one that it names, full or not. */
function bound(a = { haproxy: '', own: {} }, redispatch = false, queue = '30s'): QueueTwins {
  const uses = ['a', 'b'].map((name) => `use-server ${name} if { req.hdr(x-to) ${name} }`)
  return {
    servers: {
      a: { haproxy: `maxconn 1 ${a.haproxy}`, own: { maxConnections: 1, ...a.own } },
      b: { haproxy: 'maxconn 1', own: { maxConnections: 1 } },
    },
    haproxy: { backend: [`${redispatch ? '' : 'no '}option redispatch`, `timeout queue ${queue}`, ...uses] },
    backend: {
      useServer: ['a', 'b'].map((server) => ({ server, when: header('x-to').is(server) })),
      redispatch,
      timeout: { queue },
    },
  }
}

const toA = { 'x-to': 'a' }

for (const count of [1, 3]) {
  test(`minconn: as many requests at a time as with HAProxy, by ${count} servers`, options, async (t) => {
    const servers = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `s${index}`,
        { haproxy: 'minconn 1 maxconn 8', own: { minConnections: 1, maxConnections: 8 } },
      ]),
    )
    const scenes = await QueueScene.startBoth(t, {
      servers,
      haproxy: { backend: ['balance leastconn', 'fullconn 20'] },
      backend: { balance: 'leastconn', fullConnections: 20 },
    })
    const served = async (scene: QueueScene): Promise<number[]> =>
      (await Promise.all(Object.keys(servers).map((name) => scene.row(name)))).map(({ scur }) => Number(scur))
    const counts = await compare(scenes, async (scene) => {
      const counts: number[][] = []
      for (let sent = 1; sent <= 24; sent++) {
        await scene.send(`/${sent}`)
        // With several servers HAProxy leaves all but one that could take more waiting until a slot comes free.
        if (count === 1) counts.push(await served(scene))
      }
      for (let rest = 24; rest > 0; rest--) {
        const busiest = Object.keys(servers).toSorted((a, b) => scene.held(b).length - scene.held(a).length)[0]!
        await scene.release(busiest)
        if (count === 1 || rest < 12) counts.push([(await served(scene)).reduce((sum, one) => sum + one)])
      }
      return counts
    })
    assert.ok(counts.some(([most]) => most! > 1))
  })
}

test('set maxconn server: who waits goes on as with HAProxy', options, async (t) => {
  const scenes = await QueueScene.startBoth(t, {
    servers: { a: { haproxy: 'maxconn 1', own: { maxConnections: 1 } } },
  })
  const heldBy = await compare(scenes, async (scene) => {
    const held: string[][] = []
    for (const path of ['/1', '/2', '/3', '/4', '/5']) await scene.send(path)
    for (const limit of [3, 2, 4]) {
      await scene.limit('a', limit)
      held.push(scene.held('a'))
    }
    await scene.limit('a', 1)
    while (scene.held('a').length > 0) {
      await scene.release('a')
      held.push(scene.held('a'))
    }
    return held
  })
  assert.deepEqual(heldBy[0], ['/1', '/2', '/3'])
})

test('requests leave the queue in HAProxy’s order of classes and offsets', options, async (t) => {
  const classes = [-2047, -1, 0, 1, 2047]
  // Near its widest offsets HAProxy’s clock of 20 bits takes the earliest for the latest.
  const offsets = [-400_000, -30_000, 0, 30_000, 400_000]
  const scenes = await QueueScene.startBoth(t, {
    servers: { a: { haproxy: 'maxconn 1', own: { maxConnections: 1 } } },
    haproxy: {
      frontend: [
        'http-request set-priority-class req.hdr(x-class)',
        'http-request set-priority-offset req.hdr(x-offset)',
      ],
    },
    routes: classes.flatMap((one) =>
      offsets.map((offset) => ({
        when: header('x-priority').is(`${one} ${offset}`),
        priority: { class: one, offset },
      })),
    ),
  })
  const order = await compare(scenes, async (scene) => {
    const random = seededRandom(7)
    await scene.send('/first')
    for (let sent = 1; sent <= 30; sent++) {
      const [one, offset] = [any(random, classes), any(random, offsets)]
      const headers = { 'x-class': `${one}`, 'x-offset': `${offset}`, 'x-priority': `${one} ${offset}` }
      await scene.send(`/${sent}`, headers)
    }
    const order: (string | undefined)[] = []
    for (let rest = 30; rest > 0; rest--) {
      await scene.release('a')
      order.push(scene.held('a')[0])
    }
    await scene.release('a')
    return order
  })
  assert.notDeepEqual(order, order.toSorted())
})

test(
  'a slot that comes free goes to whom HAProxy gives it: of its server’s queue or of the backend’s',
  options,
  async (t) => {
    const scenes = await QueueScene.startBoth(t, {
      ...bound(),
      haproxy: {
        frontend: ['http-request set-priority-class req.hdr(x-class)'],
        backend: ['use-server a if { req.hdr(x-to) a }', 'use-server b if { req.hdr(x-to) b }'],
      },
      routes: [-1, 0, 1].map((one) => ({ when: header('x-class').is(String(one)), priority: { class: one } })),
    })
    await compare(scenes, async (scene) => {
      const random = seededRandom(3)
      const places: string[] = []
      for (let sent = 1; sent <= 20; sent++) {
        const to = any(random, ['', 'a', 'b'])
        // Both servers are taken at first: HAProxy's balancing is not what is compared.
        const goal = sent === 1 ? 'a' : sent === 2 ? 'b' : to
        await scene.send(`/${sent}${goal}`, {
          'x-class': String(any(random, [-1, 0, 1])),
          ...(goal && { 'x-to': goal }),
        })
      }
      for (let rest = 20; rest > 0; rest--) {
        const busy = ['a', 'b'].filter((name) => scene.held(name).length > 0)
        const server = any(random, busy)
        await scene.release(server)
        places.push(`${server}: ${scene.held(server)}`)
      }
      return places
    })
  },
)

test('a full queue of a server refuses as HAProxy’s does', options, async (t) => {
  const scenes = await QueueScene.startBoth(t, bound({ haproxy: 'maxqueue 2', own: { maxQueue: 2 } }))
  const [entries] = await compare(scenes, async (scene) => {
    for (const path of ['/1', '/2', '/3', '/4']) await scene.send(path, toA)
    const entries = [await scene.logged()]
    await scene.release('a')
    await scene.send('/5', toA)
    while (scene.held('a').length > 0) await scene.release('a')
    for (let rest = 4; rest > 0; rest--) entries.push(await scene.logged())
    return [entries, [...scene.answers], await counters(scene, 'a'), await counters(scene, 'BACKEND')] as const
  })
  const refused: QueueEntry = {
    path: '/4',
    server: 'a',
    status: 503,
    Tw: -1,
    termination: 'SQ--',
    retries: 0,
    redispatched: false,
  }
  assert.deepEqual(entries[0], refused)
})

test(
  'whom a full queue of its server refuses goes to another one, as with HAProxy’s redispatch',
  options,
  async (t) => {
    const scenes = await QueueScene.startBoth(t, bound({ haproxy: 'maxqueue 1', own: { maxQueue: 1 } }, true))
    const [entries] = await compare(scenes, async (scene) => {
      for (const path of ['/1', '/2', '/3', '/4']) await scene.send(path, toA)
      const places = [scene.held('a'), scene.held('b'), (await scene.row('BACKEND')).qcur]
      for (let rest = 2; rest > 0; rest--) for (const name of ['a', 'b']) await scene.release(name)
      const entries: QueueEntry[] = []
      for (let rest = 4; rest > 0; rest--) entries.push(await scene.logged())
      return [entries, places, await counters(scene, 'a'), await counters(scene, 'BACKEND')] as const
    })
    assert.ok(entries.some(({ path, server, redispatched }) => path === '/3' && server === 'b' && redispatched))
  },
)

test('whom its cookie binds to a server with a full queue gets another one’s, as with HAProxy', options, async (t) => {
  const servers = Object.fromEntries(
    ['a', 'b'].map((name) => [
      name,
      { haproxy: `maxconn 1 maxqueue 1 cookie ${name}`, own: { maxConnections: 1, maxQueue: 1, cookie: name } },
    ]),
  )
  const scenes = await QueueScene.startBoth(t, {
    servers,
    haproxy: { backend: ['option redispatch', 'cookie SRV insert indirect'] },
    backend: { cookie: { name: 'SRV', mode: 'insert', indirect: true }, redispatch: true },
  })
  const entries = await compare(scenes, async (scene) => {
    for (const path of ['/1', '/2', '/3']) await scene.send(path, { cookie: 'SRV=a' })
    for (const name of ['b', 'a', 'a']) await scene.release(name)
    return [await scene.logged(), await scene.logged(), await scene.logged()]
  })
  assert.equal(entries[0]?.termination, '--DI')
})

test('who waits in vain is logged and counted as with HAProxy', options, async (t) => {
  const scenes = await QueueScene.startBoth(t, bound(undefined, false, '300ms'))
  await compare(scenes, async (scene) => {
    for (const path of ['/a', '/waits']) await scene.send(path, toA)
    await scene.send('/b')
    await scene.send('/any')
    const entries = [await scene.logged(), await scene.logged()]
    for (const name of ['a', 'b']) await scene.release(name)
    return [entries, ...(await Promise.all(['a', 'b', 'BACKEND'].map((name) => counters(scene, name))))]
  })
})

for (const state of ['maintenance', 'drain'] as const) {
  for (const redispatch of [true, false]) {
    test(
      `${state}, ${redispatch ? 'with' : 'without'} redispatch: who waits goes where HAProxy sends it`,
      options,
      async (t) => {
        const scenes = await QueueScene.startBoth(t, bound(undefined, redispatch))
        await compare(scenes, async (scene) => {
          for (const path of ['/1', '/2', '/3']) await scene.send(path, toA)
          await scene.order('a', state)
          const places = [
            ['a', 'b'].map((name) => scene.held(name)),
            (await scene.row('BACKEND')).qcur,
            (await scene.row('a')).qcur,
          ]
          while (scene.held('b').length > 0) await scene.release('b')
          while (scene.held('a').length > 0) await scene.release('a')
          const entries = [await scene.logged(), await scene.logged(), await scene.logged()]
          return [
            ...places,
            entries.toSorted((a, b) => a.path.localeCompare(b.path)),
            await counters(scene, 'a'),
            await counters(scene, 'BACKEND'),
          ]
        })
      },
    )
  }
}

/** What the statistics count of queues and failures. */
async function counters(scene: QueueScene, name: string): Promise<Record<string, string | undefined>> {
  const { qcur, qmax, qlimit, scur, smax, econ, wredis, wretr, hrsp_2xx, hrsp_5xx } = await scene.row(name)
  return { qcur, qmax, qlimit, scur, smax, econ, wredis, wretr, hrsp_2xx, hrsp_5xx }
}

function any<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random.next() * values.length)]!
}
