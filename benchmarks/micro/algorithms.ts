import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { algorithmNames, createBalancer } from '../../src/balance/registry.js'
import { RequestView } from '../../src/core/exchange-view.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'
import { Server } from '../../src/core/server.js'
import { path } from '../../src/rules/samples.js'
import { systemClock } from '../../src/util/clock.js'
import { seededRandom } from '../../src/util/random.js'

/** What is measured: every algorithm, those that hash with each way to find a server, too. */
const choices: Readonly<Record<string, object>> = {
  ...Object.fromEntries(algorithmNames.map((algorithm) => [algorithm, { algorithm }])),
  urlParam: { algorithm: 'urlParam', name: 'user' },
  header: { algorithm: 'header', name: 'x-user' },
  hash: { algorithm: 'hash', key: path },
  'source, ring': { algorithm: 'source', hashType: 'consistent' },
  'source, bounded': { algorithm: 'source', hashType: 'consistent', hashBalanceFactor: 125 },
  'uri, ring': { algorithm: 'uri', hashType: 'consistent' },
}

/** All of them, or those that begin with a word of the command line. */
export const algorithms: readonly string[] = Object.keys(choices).filter((name) => {
  const words = process.argv.slice(2)
  return words.length === 0 || words.some((word) => name.startsWith(word))
})

export function makeBalancer(name: string): Balancer {
  return createBalancer(choices[name], 'balance')
}

/** Servers of those weights, called s0, s1 and so on, before a balancer. */
export function join(balancer: Balancer, weights: readonly number[], maxConnections = 0): Server[] {
  const servers = weights.map((weight, index) => {
    const server = new Server(`s${index}`, { address: '127.0.0.1:1', weight, maxConnections })
    const slotFreed = () => balancer.onRelease?.(server)
    server.join({ serverChanged() {}, slotFreed }, index + 1, undefined, 1)
    return server
  })
  balancer.rebuild(servers, servers)
  return servers
}

/** Requests of 256 clients for as many pages, one after the other. */
export class Requests {
  readonly #views = Array.from({ length: 256 }, (_, index) => {
    const fields = ['Host', `${index}.example.org`, 'X-User', `user ${index}`]
    const head = new RawRequestHead('GET', `/pages/${index}?user=${index}`, 1, fields)
    return new RequestView(head, { address: `10.0.${index}.1`, port: 4000 }, false)
  })
  readonly #context: { -readonly [Key in keyof PickContext]: PickContext[Key] } = {
    exchange: this.#views[0]!,
    avoid: undefined,
    random: seededRandom(1),
    clock: systemClock,
    explain: undefined,
  }
  /** The time that outcomes are told with: the exchange knows it anyway. */
  readonly now = systemClock.now()
  #next = 0

  next(): PickContext {
    this.#next = (this.#next + 1) & 255
    this.#context.exchange = this.#views[this.#next]!
    return this.#context
  }
}
