import {
  backendNames,
  backendTimeouts,
  checkTimeouts,
  frontendNames,
  frontendTimeouts,
  loadFiles,
  readDefaults,
  type Values,
} from './config-defaults.js'
import { Backend } from './core/backend.js'
import type { BackendOptions, BackendTimeouts } from './core/backend-options.js'
import { readRandom } from './core/backend-options.js'
import { connectionModes } from './core/connection-mode.js'
import { Frontend } from './core/frontend.js'
import type { FrontendOptions, FrontendTimeouts, Route } from './core/frontend-options.js'
import { type Bind, type BindSettings, readBinds } from './net/bind-options.js'
import { ProxyServer } from './proxy-server.js'
import { readStats, type StatsOptions } from './stats-options.js'
import { type Clock, readClock, systemClock } from './util/clock.js'
import { OptionError } from './util/errors.js'
import { OptionReader } from './util/options.js'
import type { Random } from './util/random.js'

/** A page of `errorFiles` in a configuration: also the path of a file with a whole HTTP response, as HAProxy reads it. */
export type ErrorFiles = Readonly<Record<number, string | import('./core/error-page.js').ErrorPage>>

/** A route in a configuration: its backend by name, or as an object. */
export type NamedRoute = Omit<Route, 'backend'> & { readonly backend: string | Backend }

/** A frontend in a configuration: a {@link Frontend}'s options, with backends by name, and where it listens. */
export interface FrontendConfig extends Omit<FrontendOptions, 'routes' | 'defaultBackend' | 'errorFiles' | 'clock'> {
  readonly bind?: Bind
  readonly routes?: readonly NamedRoute[]
  readonly defaultBackend?: string | Backend
  readonly errorFiles?: ErrorFiles
}

/** A backend in a configuration. */
export interface BackendConfig extends Omit<BackendOptions, 'errorFiles' | 'clock' | 'random'> {
  readonly errorFiles?: ErrorFiles
}

/** What frontends and backends take where they say nothing themselves; each takes what it knows. HAProxy: `defaults`. */
export interface Defaults
  extends Omit<FrontendConfig, 'bind' | 'routes' | 'timeout' | 'mode'>,
    Omit<BackendConfig, 'servers' | 'timeout' | 'mode'> {
  readonly mode?: 'http' | 'tcp'
  readonly timeout?: FrontendTimeouts & BackendTimeouts
}

/** What concerns the proxy as a whole. */
export interface ProxyOptions {
  /** Client connections of all frontends together; more wait unaccepted. Default 0: no limit. HAProxy: global `maxconn`. */
  readonly maxConnections?: number
  /** A page, and data, about what goes on. Default: none. HAProxy: `stats`. */
  readonly stats?: StatsOptions
  /** Where time comes from. Default: the machine. */
  readonly clock?: Clock
  /** Where chance comes from. Default: `Math.random`. */
  readonly random?: Random
}

/** The whole form: frontends and backends by name. */
export interface WholeConfig extends ProxyOptions {
  readonly defaults?: Defaults
  readonly frontends: Readonly<Record<string, FrontendConfig | Frontend>>
  readonly backends?: Readonly<Record<string, BackendConfig | Backend>>
}

/** The short form: one frontend and one backend, both called `main`. */
export interface ShortConfig
  extends Omit<FrontendConfig, 'routes' | 'defaultBackend' | 'timeout' | 'mode' | 'maxConnections'>,
    Omit<BackendConfig, 'timeout' | 'mode' | 'errorFiles'>,
    ProxyOptions {
  readonly mode?: 'http' | 'tcp'
  readonly timeout?: FrontendTimeouts & BackendTimeouts
}

/** What {@link createProxy} takes. */
export type ProxyConfig = WholeConfig | ShortConfig

const proxyNames = ['maxConnections', 'stats', 'clock', 'random']
/**
 * Makes a proxy of a configuration: builds frontends, backends and servers, connects them by name, and checks every
 * option. Nothing is started before `listen()`.
 *
 * Throws an {@link OptionError} for a wrong or unknown option, a name that stands twice, a route to a backend that is
 * not there: with the option's path, what came, and what it takes.
 *
 * @example
 * ```ts
 * const proxy = createProxy({ bind: 8080, servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * await proxy.listen()
 * ```
 */
export function createProxy(config: ProxyConfig): ProxyServer {
  const reader = new OptionReader(config, '')
  return 'frontends' in reader.values || 'backends' in reader.values ? wholeForm(reader) : shortForm(reader)
}

function shortForm(reader: OptionReader): ProxyServer {
  const own = new Set([...proxyNames, ...frontendNames, ...backendNames, 'bind', 'servers', 'timeout'])
  for (const name of own) reader.raw(name)
  reader.end()
  if (reader.raw('bind') === undefined) throw new OptionError('bind', undefined, 'a port or address to listen at')
  const { bind, servers, timeout } = reader.values
  checkTimeouts(timeout, 'timeout')
  const backend = { ...pick(reader.values, backendNames), servers, timeout: pickTimeouts(timeout, backendTimeouts) }
  const frontend = {
    ...pick(reader.values, frontendNames),
    bind,
    timeout: pickTimeouts(timeout, frontendTimeouts),
    defaultBackend: 'main',
  }
  return new Assembly(reader, {}, { main: frontend }, { main: backend }, () => '').proxy()
}

function wholeForm(reader: OptionReader): ProxyServer {
  const defaults = reader.read('defaults', readDefaults) ?? {}
  const frontends = reader.read('frontends', readRecord)
  const backends = reader.read('backends', readRecord) ?? {}
  for (const name of proxyNames) reader.raw(name)
  reader.end()
  if (frontends === undefined) throw new OptionError('frontends', undefined, 'a record of frontends by name')
  return new Assembly(reader, defaults, frontends, backends, (kind, name) => `${kind}.${name}`).proxy()
}

/** Builds the objects of one configuration and connects them. */
class Assembly {
  readonly #reader: OptionReader
  readonly #defaults: Values
  readonly #pathOf: (kind: string, name: string) => string
  readonly #clock: Clock | undefined
  readonly #random: Random | undefined
  readonly #backends = new Map<string, Backend>()
  readonly #frontends = new Map<string, Frontend>()
  readonly #binds = new Map<Frontend, readonly BindSettings[]>()
  /** The clock of all objects so far. */
  #agreedClock: Clock | undefined

  constructor(
    reader: OptionReader,
    defaults: Values,
    frontends: Values,
    backends: Values,
    pathOf: (kind: string, name: string) => string,
  ) {
    this.#reader = reader
    this.#defaults = defaults
    this.#pathOf = pathOf
    this.#clock = this.#agreedClock = reader.read('clock', readClock)
    this.#random = reader.read('random', readRandom)
    for (const [name, value] of Object.entries(backends)) this.#addBackend(name, value)
    for (const [name, value] of Object.entries(frontends)) this.#addFrontend(name, value)
  }

  proxy(): ProxyServer {
    return new ProxyServer({
      frontends: this.#frontends,
      backends: this.#backends,
      binds: this.#binds,
      clock: this.#agreedClock ?? systemClock,
      maxConnections: this.#reader.integer('maxConnections', 0, Number.MAX_SAFE_INTEGER) ?? 0,
      stats: this.#reader.read('stats', readStats),
    })
  }

  #addBackend(name: string, value: unknown): void {
    const path = this.#pathOf('backends', name)
    if (value instanceof Backend) {
      if (value.name !== name) throw new OptionError(path, value.name, `a backend called ${name}, as its key`)
      this.#agree(value.clock, path)
      this.#backends.set(name, value)
      return
    }
    const options = this.#inherit(value, path, backendNames, backendTimeouts)
    const backend = new Backend(name, { ...options, ...this.#sources(true) } as BackendOptions, path)
    this.#agree(backend.clock, path)
    this.#backends.set(name, backend)
  }

  #addFrontend(name: string, value: unknown): void {
    const path = this.#pathOf('frontends', name)
    if (value instanceof Frontend) {
      if (value.name !== name) throw new OptionError(path, value.name, `a frontend called ${name}, as its key`)
      this.#agree(value.clock, path)
      this.#frontends.set(name, value)
      for (const backend of value.backends) this.#adopt(backend, path)
      return
    }
    const inherited = this.#inherit(
      value,
      path,
      [...frontendNames, 'maxConnections', 'defaultBackend'],
      frontendTimeouts,
    )
    const { bind, routes, defaultBackend, ...options } = inherited
    const frontend = new Frontend(
      name,
      {
        ...options,
        ...this.#sources(false),
        routes: routes === undefined ? [] : this.#resolveRoutes(routes, join(path, 'routes')),
        ...(defaultBackend === undefined
          ? {}
          : { defaultBackend: this.#resolve(defaultBackend, this.#pathOfDefault(value, path)) }),
      } as FrontendOptions,
      path,
    )
    this.#agree(frontend.clock, path)
    this.#frontends.set(name, frontend)
    if (bind !== undefined) this.#binds.set(frontend, readBinds(bind, join(path, 'bind')))
  }

  /** Where the default backend of a frontend was named: in its own options, or in the defaults. */
  #pathOfDefault(own: unknown, path: string): string {
    return join((own as Values).defaultBackend === undefined ? 'defaults' : path, 'defaultBackend')
  }

  /** One clock for the whole proxy: two would tell of the same moment in two ways. */
  #agree(clock: Clock, path: string): void {
    this.#agreedClock ??= clock
    if (clock === this.#agreedClock) return
    throw new OptionError(path, clock, 'an object with the clock that the proxy and the objects before it have')
  }

  /** Lays an object's own options over the defaults that it knows. */
  #inherit(value: unknown, path: string, names: readonly string[], timeouts: readonly string[]): Values {
    const own = new OptionReader(value, path).values
    for (const name of ['clock', 'random']) {
      if (own[name] === undefined) continue
      throw new OptionError(join(path, name), own[name], `nothing here: ${name} is an option of the whole proxy`)
    }
    const timeout = {
      ...pickTimeouts(this.#defaults.timeout, timeouts),
      ...(own.timeout === undefined ? {} : new OptionReader(own.timeout, join(path, 'timeout')).values),
    }
    const inherited = pick(this.#defaults, names)
    // They are one choice: whoever makes it inherits no part of another.
    if (connectionModes.some((mode) => own[mode] !== undefined))
      for (const mode of connectionModes) delete inherited[mode]
    const options: Record<string, unknown> = { ...inherited, ...own, timeout }
    if (options.errorFiles !== undefined) options.errorFiles = loadFiles(options.errorFiles, join(path, 'errorFiles'))
    return options
  }

  #sources(takesRandom: boolean): Values {
    return {
      ...(this.#clock === undefined ? {} : { clock: this.#clock }),
      ...(this.#random === undefined || !takesRandom ? {} : { random: this.#random }),
    }
  }

  #resolveRoutes(value: unknown, path: string): readonly unknown[] {
    if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of routes')
    return value.map((route: unknown, index) => {
      const at = `${path}[${index}]`
      const { backend, ...rest } = new OptionReader(route, at).values
      return { ...rest, backend: this.#resolve(backend, `${at}.backend`) }
    })
  }

  #resolve(reference: unknown, path: string): Backend {
    if (reference instanceof Backend) return this.#adopt(reference, path)
    const backend = typeof reference === 'string' ? this.#backends.get(reference) : undefined
    if (backend !== undefined) return backend
    const known = [...this.#backends.keys()].join(', ') || 'none yet'
    throw new OptionError(path, reference, `the name of a backend (there are: ${known}), or a Backend`)
  }

  /** A ready object that a frontend refers to belongs to the proxy too. */
  #adopt(backend: Backend, path: string): Backend {
    const known = this.#backends.get(backend.name)
    if (known !== undefined && known !== backend) {
      throw new OptionError(path, backend.name, 'backends whose names differ')
    }
    this.#agree(backend.clock, path)
    this.#backends.set(backend.name, backend)
    return backend
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function pick(values: Values, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]))
}

function pickTimeouts(value: unknown, names: readonly string[]): Record<string, unknown> {
  return value === undefined ? {} : pick(value as Values, names)
}

function readRecord(value: unknown, path: string): Values {
  return new OptionReader(value, path).values
}
