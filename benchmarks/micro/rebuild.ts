// Measures what changes of servers cost, for each algorithm: `node build/benchmarks/micro/rebuild.js [algorithm...]`.
import { Backend } from '../../src/core/backend.js'
import type { Candidate } from '../../src/core/candidate.js'
import type { Server } from '../../src/core/server.js'
import { seededRandom } from '../../src/util/random.js'
import { algorithms, makeBalancer, Requests } from './algorithms.js'

const size = 10_000
/** Rounds before those that are measured, and how many are: as many as there is time for. */
const warmUp = 5
const rounds = { fewest: 5, most: 31 }
/** Milliseconds for each figure. */
const time = 1000

const requests = new Requests()
const random = seededRandom(1)
const randomWeight = (): number => 1 + Math.floor(random.next() * 256)

/** Milliseconds of the median and of the slowest round. */
function measure(run: () => void): [median: number, slowest: number] {
  for (let round = 0; round < warmUp; round++) run()
  const figures: number[] = []
  for (const end = performance.now() + time; figures.length < rounds.most; ) {
    if (figures.length >= rounds.fewest && performance.now() > end) break
    const start = performance.now()
    run()
    figures.push(performance.now() - start)
  }
  figures.sort((one, other) => one - other)
  return [figures[figures.length >> 1]!, figures.at(-1)!]
}

/** Takes a server out of or into traffic, so that the algorithm has to look at all of them. */
function toggle(server: Server): void {
  if (server.administrative === 'ready') server.drain()
  else server.ready()
}

console.log(`${size} servers of weights 1 to 256; changes, then one decision; ms, median and slowest`)
console.log(`${''.padEnd(20)}${'1 state'.padStart(16)}${'1 weight'.padStart(16)}${'1000 weights'.padStart(16)}`)
for (const algorithm of algorithms) {
  const backend = new Backend('app', {
    balance: makeBalancer(algorithm),
    servers: Array.from({ length: size }, (_, index) => ({
      name: `s${index}`,
      address: '127.0.0.1:1',
      weight: randomWeight(),
    })),
  })
  const { servers } = backend
  const asker = { view: requests.next().exchange, avoid: undefined } as Candidate
  const decide = (): void => {
    const server = backend.assign(asker)
    if (typeof server === 'string') throw new Error(`${algorithm}: ${server}`)
    server.release()
  }
  const weigh = (count: number): void => {
    for (let i = 0; i < count; i++) servers[Math.floor(random.next() * size)]!.weight = randomWeight()
  }
  const runs = [() => toggle(servers[Math.floor(random.next() * size)]!), () => weigh(1), () => weigh(1000)] as const
  const columns = runs.map((change) => {
    const [median, slowest] = measure(() => {
      change()
      decide()
    })
    return `${median.toFixed(1)} / ${slowest.toFixed(1)}`.padStart(16)
  })
  console.log(`${algorithm.padEnd(20)}${columns.join('')}`)
}
