// Measures what a pick costs, for each algorithm and number of servers: `node build/benchmarks/micro/pick.js [algorithm...]`.
import type { Balancer } from '../../src/balance/balancer.js'
import type { Server } from '../../src/core/server.js'
import { seededRandom } from '../../src/util/random.js'
import { algorithms, join, makeBalancer, Requests } from './algorithms.js'

const sizes = [10, 100, 1000, 10_000]
/** Picks that are timed together. */
const batch = 1000
/** Batches before each measurement, and the fewest that make one. */
const warmUp = 50
const fewest = 21
/** Milliseconds that each figure is measured for at least. */
const time = 30

const requests = new Requests()

function weightsOf(size: number): number[] {
  return Array.from({ length: size }, (_, index) => (index % 3) + 1)
}

function take(balancer: Balancer): Server {
  const server = balancer.pick(requests.next())
  if (server === undefined) throw new Error(`${balancer.algorithm} found no server with room`)
  server.take(1)
  balancer.onTake?.(server)
  return server
}

/** Ends what was taken, after a response. */
function finish(balancer: Balancer, server: Server, index: number): void {
  balancer.onOutcome?.(server, 'response', 5 + (index & 7), requests.now)
  server.release()
}

/** Nothing but picks. */
function picks(balancer: Balancer, size: number): () => void {
  join(balancer, weightsOf(size))
  return () => {
    for (let i = 0; i < batch; i++) balancer.pick(requests.next())
  }
}

/** Picks, with the slot taken, and given back after as many others as there are servers. */
function exchanges(balancer: Balancer, size: number): () => void {
  join(balancer, weightsOf(size))
  const running = Array.from({ length: size }, () => take(balancer))
  let oldest = 0
  return () => {
    for (let i = 0; i < batch; i++) {
      finish(balancer, running[oldest]!, i)
      running[oldest] = take(balancer)
      oldest = oldest + 1 < size ? oldest + 1 : 0
    }
  }
}

/** The same with all servers full but the one that gave its slot back last; nothing where full ones are chosen too. */
function exchangesOfFullServers(balancer: Balancer, size: number): (() => void) | undefined {
  if (balancer.isDeterministic) return undefined
  const running = join(balancer, weightsOf(size), 1).map(() => take(balancer))
  const random = seededRandom(1)
  return () => {
    for (let i = 0; i < batch; i++) {
      const place = Math.floor(random.next() * size)
      finish(balancer, running[place]!, i)
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
  for (const algorithm of algorithms) {
    const columns = sizes.map((size) => {
      const run = prepare(makeBalancer(algorithm), size)
      return (run === undefined ? '-' : measure(run).toFixed(0)).padStart(10)
    })
    console.log(`${algorithm.padEnd(title.length + 4)}${columns.join('')}`)
  }
}
