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

test('a server takes as many at a time as with HAProxy, more and more after its return', options, async (t) => {
  const scenes = await QueueScene.startBoth(t, {
    servers: { a: { haproxy: 'maxconn 10 slowstart 5s', own: { maxConnections: 10, slowStart: '5s' } } },
  })
  const expected = [1, 2, 4, 6, 8, 10]
  for (const [index, limits] of (await Promise.all(scenes.map(limitsOf))).entries()) {
    // A busy machine may miss a step or two, but finds none that there is not.
    const isRight = limits.length >= 4 && limits.every((limit, at) => expected.indexOf(limit) >= at)
    assert.ok(isRight, `${scenes[index]!.name}: ${limits}`)
    assert.deepEqual(
      limits,
      limits.toSorted((a, b) => a - b),
    )
  }
})

/**
 * How many a server with ten slots serves at a time after its return, each number once. Nobody waits from one second to
 * the next: with its timer HAProxy 2.6.12 gives a server that warms up more of those than its limit allows.
 */
async function limitsOf(scene: QueueScene): Promise<readonly number[]> {
  await middleOfSecond()
  await scene.order('a', 'maintenance')
  await scene.order('a', 'ready')
  const limits: number[] = []
  let sent = 0
  for (const start = performance.now(); limits.at(-1) !== 10; await delay(20)) {
    const began = performance.now() - start
    if (began > 10_000) break
    await scene.sendAll(Array.from({ length: 12 }, () => `/${++sent}`))
    const limit = scene.held('a').length
    const took = performance.now() - start - began
    const isWithinStep = began % 1000 > 100 && (began % 1000) + took < 900
    if (isWithinStep && limits.at(-1) !== limit) limits.push(limit)
    while (scene.held('a').length > 0) await scene.release('a')
  }
  return limits
}
