import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Backend } from '../../src/core/backend.js'
import { csv } from '../../src/stats/csv.js'
import { snapshot } from '../../src/stats/snapshot.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { readCsv } from '../stats/objects.js'
import { Haproxy } from '../support/haproxy.js'
import { skipWithout } from '../support/programs.js'
import { QueueScene } from './queue-scene.js'

const options = { skip: skipWithout('haproxy'), timeout: 30_000 }

const cases = [
  { balance: 'roundrobin', weight: 100, slowStart: '4s' },
  { balance: 'leastconn', weight: 33, slowStart: '3s' },
  { balance: 'first', weight: 256, slowStart: '5s' },
  { balance: 'random', weight: 1, slowStart: 3500 },
  { balance: 'static-rr', weight: 100, slowStart: '3s' },
] as const

/** What the statistics show of a server's weight, each state once, from its return until it is warm. */
type Course = readonly string[]

function stateOf(row: Readonly<Record<string, string>>): string {
  return `${row.weight} of ${row.uweight}, throttle ${row.throttle || 'none'}`
}

test('weights grow as HAProxy’s do after a return, step by step', options, async (t) => {
  const sections = cases.map(
    ({ balance, weight, slowStart }, index) =>
      `backend be${index}\n balance ${balance}\n server a 127.0.0.1:1 weight ${weight} slowstart ${slowStart}\n`,
  )
  const haproxy = await Haproxy.start(
    t,
    (port) => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${port}
${sections.join('')}`,
  )
  const theirs = Promise.all(cases.map((_, index) => haproxyCourse(haproxy, `be${index}`)))
  const own = cases.map(({ balance, weight, slowStart }) => ownCourse(balance, weight, slowStart))
  assert.deepEqual(own, await theirs)
})

/** HAProxy counts whole seconds by its clock, and steps by a timer: far from a second's edge the two agree. */
async function middleOfSecond(): Promise<void> {
  const past = Date.now() % 1000
  if (past < 200 || past > 600) await delay((1300 - past) % 1000)
}

async function haproxyCourse(haproxy: Haproxy, backend: string): Promise<Course> {
  await middleOfSecond()
  await haproxy.command(`set server ${backend}/a state maint`)
  await haproxy.command(`set server ${backend}/a state ready`)
  const course: string[] = []
  for (const end = Date.now() + 10_000; Date.now() < end; await delay(20)) {
    const row = await haproxy.statistics(backend, 'a')
    if (course.at(-1) !== stateOf(row)) course.push(stateOf(row))
    if (row.throttle === '') return course
  }
  throw new Error(`the server is not warm: ${course.join('; ')}`)
}

function ownCourse(balance: (typeof cases)[number]['balance'], weight: number, slowStart: number | string): Course {
  const clock = new VirtualClock()
  const servers = { a: { address: '127.0.0.1:1', weight, slowStart } }
  const backend = new Backend('app', { clock, balance, servers })
  const row = () => readCsv(csv(snapshot({ frontends: [], backends: [backend], uptime: 0 }))).get('app/a')!
  backend.server('a').maintenance()
  backend.server('a').ready()
  const course = [stateOf(row())]
  while (row().throttle !== '') {
    clock.advance(1000)
    if (course.at(-1) !== stateOf(row())) course.push(stateOf(row()))
  }
  return course
}

test('a server takes as many at a time as with HAProxy, second by second after its return', options, async (t) => {
  const scenes = await QueueScene.startBoth(t, {
    servers: { a: { haproxy: 'maxconn 10 slowstart 5s', own: { maxConnections: 10, slowStart: '5s' } } },
  })
  const courses = await Promise.all(scenes.map(limits))
  for (const [index, course] of courses.entries()) {
    const { name } = scenes[index]!
    assert.ok(course.size >= 4, `${name}: ${[...course]}`)
    for (const [second, limit] of course) assert.equal(limit, [1, 2, 4, 6, 8, 10][second], `${name}, second ${second}`)
  }
})

/**
 * How many a server with ten slots serves at a time, by the second since its return. Nobody waits from one second to the
 * next: with its timer HAProxy 2.6.12 gives a server that warms up more of those than its limit allows.
 */
async function limits(scene: QueueScene): Promise<ReadonlyMap<number, number>> {
  await middleOfSecond()
  await scene.order('a', 'maintenance')
  await scene.order('a', 'ready')
  // For limits HAProxy counts by the seconds of its clock.
  const start = scene.name === 'HAProxy' ? Math.floor(Date.now() / 1000) * 1000 : Date.now()
  const limits = new Map<number, number>()
  let sent = 0
  for (let passed = 0; passed < 5500; passed = Date.now() - start) {
    const paths = Array.from({ length: 12 }, () => `/${++sent}`)
    await scene.sendAll(paths)
    const limit = scene.held('a').length
    const second = Math.floor((passed - 100) / 1000)
    // What began or ended near the edge of a second may be of either.
    if (second === Math.floor((Date.now() - start + 100) / 1000)) limits.set(second, limit)
    while (scene.held('a').length > 0) await scene.release('a')
    await delay(50)
  }
  return limits
}
