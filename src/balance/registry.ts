import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { Balancer } from './balancer.js'
import { First } from './first.js'
import { LeastConnections } from './least-connections.js'
import { RandomDraws, type RandomDrawsOptions, readRandomDraws } from './random.js'
import { RoundRobin } from './round-robin.js'
import { StaticRoundRobin } from './static-round-robin.js'

const algorithms = {
  roundrobin: () => new RoundRobin(),
  'static-rr': () => new StaticRoundRobin(),
  leastconn: () => new LeastConnections(),
  first: () => new First(),
  random: (reader) => new RandomDraws(readRandomDraws(reader)),
} satisfies Record<string, (reader: OptionReader) => Balancer>

/** The name of a balancing algorithm: HAProxy's names. */
export type AlgorithmName = keyof typeof algorithms

/** How a backend chooses servers: an algorithm's name, its name and options, or a balancer. HAProxy: `balance`. */
export type BalanceOption =
  | AlgorithmName
  | { readonly algorithm: Exclude<AlgorithmName, 'random'> }
  | ({ readonly algorithm: 'random' } & RandomDrawsOptions)
  | Balancer

const names = Object.keys(algorithms) as AlgorithmName[]

/** Makes the balancer that a `balance` option asks for; throws an {@link OptionError} that says what is known. */
export function createBalancer(value: unknown, path: string): Balancer {
  if (typeof value === 'string') {
    if (isAlgorithmName(value)) return algorithms[value](new OptionReader({}, path))
    throw new OptionError(path, value, takes)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionError(path, value, takes)
  if ('pick' in value || 'rebuild' in value) return checkedBalancer(value, path)
  const reader = new OptionReader(value, path)
  const name = reader.oneOf('algorithm', names)
  if (name === undefined) throw new OptionError(`${path}.algorithm`, undefined, takes)
  const balancer = algorithms[name](reader)
  reader.end()
  return balancer
}

const takes = `one of ${names.map((name) => `'${name}'`).join(', ')}, { algorithm, ...options }, or a Balancer`

function isAlgorithmName(name: string): name is AlgorithmName {
  return names.some((known) => known === name)
}

function checkedBalancer(value: object, path: string): Balancer {
  const { rebuild, pick, algorithm, onTake, onRelease, onRoom } = value as Partial<Record<keyof Balancer, unknown>>
  if (typeof rebuild !== 'function') throw new OptionError(`${path}.rebuild`, rebuild, 'a function (candidates)')
  if (typeof pick !== 'function') throw new OptionError(`${path}.pick`, pick, 'a function (context)')
  if (typeof algorithm !== 'string') throw new OptionError(`${path}.algorithm`, algorithm, 'a name, as a string')
  for (const [name, hook] of Object.entries({ onTake, onRelease, onRoom })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new OptionError(`${path}.${name}`, hook, 'a function (server), or nothing')
    }
  }
  return value as Balancer
}
