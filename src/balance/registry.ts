import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { Balancer } from './balancer.js'
import { First } from './first.js'
import { HashBalancer } from './hash/hash-balancer.js'
import { type HashOptions, readHashOptions } from './hash/hash-options.js'
import { type HeaderHashOptions, readHeaderInput } from './hash/header-input.js'
import { type MaglevOptions, readMaglev } from './hash/maglev-options.js'
import { type RdpCookieHashOptions, readRdpCookieInput } from './hash/rdp-cookie-input.js'
import { readSampleInput, type SampleHashOptions } from './hash/sample-input.js'
import { sourceInput } from './hash/source-input.js'
import { readUriInput, type UriHashOptions } from './hash/uri-input.js'
import { readUrlParamInput, type UrlParamHashOptions } from './hash/url-param-input.js'
import { LeastConnections } from './least-connections.js'
import { LeastResponseTime, type LeastResponseTimeOptions, readLeastResponseTime } from './least-response-time.js'
import { PeakEwma, type PeakEwmaOptions, readPeakEwma } from './peak-ewma.js'
import { RandomDraws, type RandomDrawsOptions, readRandomDraws } from './random.js'
import { RoundRobin } from './round-robin.js'
import { StaticRoundRobin } from './static-round-robin.js'

const algorithms = {
  roundrobin: () => new RoundRobin(),
  'static-rr': () => new StaticRoundRobin(),
  leastconn: () => new LeastConnections(),
  first: () => new First(),
  random: (reader) => new RandomDraws(readRandomDraws(reader)),
  peakEwma: (reader) => new PeakEwma(readPeakEwma(reader)),
  leastResponseTime: (reader) => new LeastResponseTime(readLeastResponseTime(reader)),
  source: (reader) => new HashBalancer('source', sourceInput, readHashOptions(reader)),
  uri: (reader) => new HashBalancer('uri', readUriInput(reader), readHashOptions(reader)),
  urlParam: (reader) => new HashBalancer('urlParam', readUrlParamInput(reader), readHashOptions(reader)),
  header: (reader) => new HashBalancer('header', readHeaderInput(reader), readHashOptions(reader)),
  rdpCookie: (reader) => new HashBalancer('rdpCookie', readRdpCookieInput(reader), readHashOptions(reader)),
  hash: (reader) => new HashBalancer('hash', readSampleInput(reader), readHashOptions(reader)),
  maglev: (reader) => new HashBalancer('maglev', ...readMaglev(reader)),
} satisfies Record<string, (reader: OptionReader) => Balancer>

/** The options of each algorithm that has any. */
export interface AlgorithmOptions {
  readonly random: RandomDrawsOptions
  readonly peakEwma: PeakEwmaOptions
  readonly leastResponseTime: LeastResponseTimeOptions
  readonly source: HashOptions
  readonly uri: UriHashOptions
  readonly urlParam: UrlParamHashOptions
  readonly header: HeaderHashOptions
  readonly rdpCookie: RdpCookieHashOptions
  readonly hash: SampleHashOptions
  readonly maglev: MaglevOptions
}

/** The name of an algorithm that needs no options. */
export type AlgorithmName = {
  [Name in keyof typeof algorithms]: Name extends keyof AlgorithmOptions
    ? Partial<AlgorithmOptions[Name]> extends AlgorithmOptions[Name]
      ? Name
      : never
    : Name
}[keyof typeof algorithms]

/** An algorithm by its name, with its options. */
export type AlgorithmChoice = {
  [Name in keyof typeof algorithms]: { readonly algorithm: Name } & (Name extends keyof AlgorithmOptions
    ? AlgorithmOptions[Name]
    : unknown)
}[keyof typeof algorithms]

/** How a backend chooses servers: an algorithm's name, its name and options, or a balancer. HAProxy: `balance`. */
export type BalanceOption = AlgorithmName | AlgorithmChoice | Balancer

/** All names, in the order of the documentation. @internal */
export const algorithmNames = Object.keys(algorithms) as readonly (keyof typeof algorithms)[]

/** Makes the balancer that a `balance` option asks for; throws an {@link OptionError} that says what is known. */
export function createBalancer(value: unknown, path: string): Balancer {
  if (typeof value === 'string') {
    if (isKnown(value)) return algorithms[value](new OptionReader({}, path))
    throw new OptionError(path, value, takes)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionError(path, value, takes)
  if ('pick' in value || 'rebuild' in value) return checkedBalancer(value, path)
  const reader = new OptionReader(value, path)
  const name = reader.oneOf('algorithm', algorithmNames)
  if (name === undefined) throw new OptionError(`${path}.algorithm`, undefined, takes)
  const balancer = algorithms[name](reader)
  reader.end()
  return balancer
}

const takes = `one of ${algorithmNames.map((name) => `'${name}'`).join(', ')}, { algorithm, ...options }, or a Balancer`

function isKnown(name: string): name is keyof typeof algorithms {
  return algorithmNames.some((known) => known === name)
}

function checkedBalancer(value: object, path: string): Balancer {
  const balancer = value as Partial<Record<keyof Balancer, unknown>>
  const { rebuild, pick, algorithm, wantsPayload, onTake, onRelease, onRoom, onOutcome } = balancer
  if (typeof rebuild !== 'function') throw new OptionError(`${path}.rebuild`, rebuild, 'a function (candidates)')
  if (typeof pick !== 'function') throw new OptionError(`${path}.pick`, pick, 'a function (context)')
  if (typeof algorithm !== 'string') throw new OptionError(`${path}.algorithm`, algorithm, 'a name, as a string')
  if (wantsPayload !== undefined && typeof wantsPayload !== 'function') {
    throw new OptionError(`${path}.wantsPayload`, wantsPayload, 'a function (exchange), or nothing')
  }
  for (const [name, hook] of Object.entries({ onTake, onRelease, onRoom })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new OptionError(`${path}.${name}`, hook, 'a function (server), or nothing')
    }
  }
  if (onOutcome !== undefined && typeof onOutcome !== 'function') {
    throw new OptionError(`${path}.onOutcome`, onOutcome, 'a function (server, outcome, milliseconds, now), or nothing')
  }
  return value as Balancer
}
