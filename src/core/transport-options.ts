import type { Dispatcher } from 'undici'
import { OptionError } from '../util/errors.js'
import type { OptionReader } from '../util/options.js'
import { type ResponseLimitOptions, type ResponseLimits, readResponseLimits } from './message/head-limits.js'
import { defaultPool, type PoolOptions, type PoolSettings, poolNames, readPool } from './pool-options.js'
import type { Server } from './server.js'

/**
 * When an idle connection to a server may carry a request. For all requests of a client connection but its first all
 * but `never` mean the same: any idle connection will do.
 *
 * - `never`: a client connection rides on server connections that have served nobody else.
 * - `safe`: a first request rides on an idle connection only if it could be sent again, should that turn out dead: its
 *   method is idempotent, and its body is none or within the replay limit. HAProxy opens a connection for every one.
 * - `aggressive`: and any first request on a connection that was reused before.
 * - `always`: any request on any idle connection.
 */
export type HttpReuse = 'never' | 'safe' | 'aggressive' | 'always'

/** A Dispatcher of the `undici` package, version 7, for all servers of a backend, or what gives each server its own. */
export type DispatcherOption = Dispatcher | ((server: Server) => Dispatcher)

/** What carries requests to servers. */
export type TransportName = 'http1' | 'http2' | 'undici'

/** How requests get to servers. */
export interface TransportOptions extends PoolOptions, ResponseLimitOptions {
  /**
   * What carries requests to servers: the library's own HTTP/1.1, HTTP/2 to servers that are known to speak it (many
   * requests on one connection, up to the limit that the server tells), or a pool of undici for each server. Default
   * `http1`. No matter in TCP mode. HAProxy: `proto h2`.
   */
  readonly transport?: TransportName
  /**
   * A Dispatcher of undici that carries requests to servers, in the place of `transport`: a `MockAgent`, a `ProxyAgent`,
   * a chain of interceptors. It is the caller's: nobody here closes it, its connections are its own affair, and checks
   * don't go through it.
   */
  readonly dispatcher?: DispatcherOption
  /** When an idle connection to a server may carry a request. Default `safe`. HAProxy: `http-reuse`. */
  readonly httpReuse?: HttpReuse
}

/** The same, read and complete. */
export interface TransportSettings {
  readonly transport: TransportName
  readonly dispatcher: DispatcherOption | undefined
  readonly httpReuse: HttpReuse
  /** How servers that do not say otherwise keep their connections. */
  readonly pool: PoolSettings
  readonly responseLimits: ResponseLimits
}

/** Why a transport can't tell clients' connections apart. */
const sharers = {
  undici: 'undici chooses its connections itself',
  http2: 'requests of all clients share connections over HTTP/2',
} as const

/** Reads them all, and refuses what the chosen transport can't do. */
export function readTransport(reader: OptionReader): TransportSettings {
  const dispatcher = reader.read('dispatcher', readDispatcher)
  const transport =
    reader.oneOf('transport', ['http1', 'http2', 'undici']) ?? (dispatcher === undefined ? 'http1' : 'undici')
  if (dispatcher !== undefined && transport !== 'undici') {
    throw new OptionError(reader.pathOf('transport'), transport, 'nothing beside a dispatcher, which is a transport')
  }
  const reuse = reader.oneOf('httpReuse', ['never', 'safe', 'aggressive', 'always'])
  if (transport !== 'http1' && reuse !== undefined && reuse !== 'always') {
    throw new OptionError(reader.pathOf('httpReuse'), reuse, `'always', as ${sharers[transport]}`)
  }
  const own = readPool(reader)
  refuseUnfit({ pool: own }, { transport, dispatcher }, reader.path)
  return {
    transport,
    dispatcher,
    httpReuse: reuse ?? (transport === 'http1' ? 'safe' : 'always'),
    pool: { ...defaultPool, ...own },
    responseLimits: readResponseLimits(reader),
  }
}

/** What a server says of its connections. */
interface Connecting {
  readonly pool: Partial<PoolSettings>
  readonly sendProxy?: unknown
  readonly tls?: unknown
  readonly source?: unknown
}

/** Refuses what a transport can't do of that which is said about its connections. */
export function refuseUnfit(
  server: Connecting,
  { transport, dispatcher }: Pick<TransportSettings, 'transport' | 'dispatcher'>,
  path: string,
): void {
  if (transport === 'http1') return
  const { pool, sendProxy } = server
  const foreign = dispatcher === undefined ? undefined : (['tls', 'source'] as const).find((name) => server[name])
  if (foreign !== undefined) {
    throw new OptionError(`${path}.${foreign}`, '…', 'nothing, as a dispatcher opens its connections itself')
  }
  if (sendProxy !== undefined) {
    throw new OptionError(
      `${path}.sendProxy`,
      sendProxy,
      "nothing but with transport 'http1', as others share connections between clients",
    )
  }
  const unfit = poolNames.find(
    (name) => pool[name] !== undefined && (dispatcher !== undefined || name === 'poolMaxConnections'),
  )
  if (unfit === undefined) return
  const limitless = transport === 'undici' ? 'undici has no such limit' : 'of few connections none is in excess'
  const reason = dispatcher === undefined ? limitless : 'a dispatcher keeps its connections itself'
  throw new OptionError(path === '' ? unfit : `${path}.${unfit}`, pool[unfit], `nothing, as ${reason}`)
}

function readDispatcher(value: unknown, path: string): DispatcherOption {
  const isDispatcher = typeof (value as Partial<Dispatcher> | null)?.dispatch === 'function'
  if (isDispatcher || typeof value === 'function') return value as DispatcherOption
  throw new OptionError(path, value, 'a Dispatcher of undici, or a function of a server that gives one')
}
