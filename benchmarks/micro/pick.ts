// Measures what a pick costs, for each algorithm and number of servers: `node build/benchmarks/micro/pick.js`.
import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { First } from '../../src/balance/first.js'
import { LeastConnections } from '../../src/balance/least-connections.js'
import { RandomDraws } from '../../src/balance/random.js'
import { RoundRobin } from '../../src/balance/round-robin.js'
import { StaticRoundRobin } from '../../src/balance/static-round-robin.js'
import { RequestView } from '../../src/core/exchange-view.js'
import { Server } from '../../src/core/server.js'
import { systemClock } from '../../src/util/clock.js'
import { seededRandom } from '../../src/util/random.js'

const algorithms = [RoundRobin, StaticRoundRobin, LeastConnections, First, RandomDraws]
const sizes = [10, 100, 1000, 10_000]
/** Picks that are timed together. */
const batch = 1000
/** Batches before each measurement, and the fewest that make one. */
const warmUp = 50
const fewest = 21
/** Milliseconds that each figure is measured for at least. */
const time = 30

const context: PickContext = {
  exchange: new RequestView(undefined, { address: '127.0.0.1', port: 1 }, false),
  avoid: undefined,
  random: seededRandom(1),
  clock: systemClock,
  explain: undefined,
}

/** Servers of weights 1, 2 and 3, before a balancer. */
function join(balancer: Balancer, size: number, maxConnections: number): Server[] {
  const servers = Array.from({ length: size }, (_, index) => {
    const server = new Server(`s${index}`, { address: '127.0.0.1:1', weight: (index % 3) + 1, maxConnections })
    const slotFreed = () => balancer.onRelease?.(server)
    server.join({ serverChanged() {}, slotFreed }, index + 1, undefined, 1)
    return server
  })
  balancer.rebuild(servers, servers)
  return servers
}

function take(balancer: Balancer): Server {
  const server = balancer.pick(context)
  if (server === undefined) throw new Error(`${balancer.algorithm} found no server with room`)
  server.take(1)
  balancer.onTake?.(server)
  return server
}

/** Nothing but picks. */
function picks(balancer: Balancer, size: number): () => void {
  join(balancer, size, 0)
  return () => {
    for (let i = 0; i < batch; i++) balancer.pick(context)
  }
}

/** Picks, with the slot taken, and given back after as many others as there are servers. */
function exchanges(balancer: Balancer, size: number): () => void {
  join(balancer, size, 0)
  const running = Array.from({ length: size }, () => take(balancer))
  let oldest = 0
  return () => {
    for (let i = 0; i < batch; i++) {
      running[oldest]?.release()
      running[oldest] = take(balancer)
      oldest = oldest + 1 < size ? oldest + 1 : 0
    }
  }
}

/** The same with all servers full but the one that gave its slot back last. */
function exchangesOfFullServers(balancer: Balancer, size: number): () => void {
  const running = join(balancer, size, 1).map(() => take(balancer))
  const random = seededRandom(1)
  return () => {
    for (let i = 0; i < batch; i++) {
      const place = Math.floor(random.next() * size)
      running[place]?.release()
      running[place] = take(balancer)
    }
  }
}

/** Nanoseconds for one: the median of the batches after the warm-up. */
function measure(run: () => void): number {
  for (let i = 0; i < warmUp; i++) run()
  const figures: number[] = []
  for (const end = performance.now() + time; figures.length < fewest || performance.now() < end; ) {
    const start = performance.now()
    run()
    figures.push(((performance.now() - start) / batch) * 1e6)
  }
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)]!
}

for (const [title, prepare] of [
  ['pick alone', picks],
  ['pick, take and release', exchanges],
  ['pick, take and release, all other servers full', exchangesOfFullServers],
] as const) {
  console.log(`\n${title}, ns${sizes.map((size) => `${size}`.padStart(10)).join('')}`)
  for (const Algorithm of algorithms) {
    const figures = sizes.map((size) => measure(prepare(new Algorithm(), size)))
    const columns = figures.map((figure) => figure.toFixed(0).padStart(10))
    console.log(`${new Algorithm().algorithm.padEnd(title.length + 4)}${columns.join('')}`)
  }
}
