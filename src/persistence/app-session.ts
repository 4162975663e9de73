import { CookieScanner } from '../core/message/cookies.js'
import type { ResponseHead } from '../core/message/head.js'
import type { Server } from '../core/server.js'
import { StickyTable } from '../sticky-table/sticky-table.js'
import { type Clock, systemClock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader, type Size } from '../util/options.js'
import type { Bond } from './bond.js'
import { readCookieName } from './cookie-options.js'
import type { Reach } from './reach.js'

/**
 * Options of an application's own sessions: the id that a server sets by a cookie is remembered with the server, and
 * looked for in the cookies and targets of requests. HAProxy: `appsession`, up to 1.5.
 */
export interface AppSessionOptions {
  /** The name of the application's cookie, and in any case of the parameter in the target: `JSESSIONID`. */
  readonly name: string
  /** How many characters of an id count, 1 to 65536. HAProxy: `len`. */
  readonly length: number
  /** How long an id is remembered after it was last seen. HAProxy: `timeout`. */
  readonly timeout: Duration
  /** Learns ids that requests bring and no server has set, too. Default false. HAProxy: `request-learn`. */
  readonly requestLearn?: boolean
  /** `name` is what names begin with, and the id is all that follows it: `ASPSESSIONID` has `XYZ=1`. Default false. HAProxy: `prefix`. */
  readonly prefix?: boolean
  /** Where in the target the id stands: after `;` in the path, or in the query. Default `path-parameters`. HAProxy: `mode`. */
  readonly mode?: 'path-parameters' | 'query-string'
  /** The most ids that are remembered; the one not seen for longest makes room. Default `1m`. HAProxy has no limit. */
  readonly size?: Size
}

interface AppSessionSettings {
  readonly name: string
  readonly requestLearn: boolean
  readonly prefix: boolean
  readonly mode: 'path-parameters' | 'query-string'
  readonly table: StickyTable
}

/** Keeps the sessions of an application on the servers that began them. */
export class AppSession {
  readonly #settings: AppSessionSettings

  constructor(settings: AppSessionSettings) {
    this.#settings = settings
  }

  /** Binds the exchange to the server of the session that the request names. */
  find(bond: Bond, reach: Reach): void {
    if (bond.ignoresCookies) return
    for (const field of bond.view.headers('cookie')) {
      const scanner = new CookieScanner(field)
      while (scanner.next()) this.#look(bond, this.#idOf(scanner), reach)
    }
    if (bond.sessionId === undefined || bond.server === undefined) this.#look(bond, this.#idInTarget(bond), reach)
  }

  #look(bond: Bond, id: string | undefined, reach: Reach): void {
    if (!id) return
    const { table } = this.#settings
    bond.sessionId ??= id
    const name = bond.trace === undefined ? table.match(id) : table.peek(id)
    const server = name === undefined ? undefined : reach.named(name)
    if (server === undefined) return bond.note('app-session', id, name, 'unknown', 'no server began that session')
    if (bond.server !== undefined) {
      return bond.note('app-session', id, name, 'ignored', 'the server is settled already')
    }
    if (!reach.reaches(bond, server)) {
      bond.requestCookie = 'D'
      return bond.note('app-session', id, name, 'down', 'its server takes no traffic')
    }
    bond.server = server
    bond.requestCookie = server.isUp ? 'V' : 'D'
    bond.note('app-session', id, name, 'matched', 'the server began that session')
  }

  /** Remembers the server with the session that it sets, or that the request named. */
  learn(bond: Bond, head: ResponseHead, server: Server): void {
    if (bond.ignoresCookies) return
    const id = this.#idSet(head) ?? (this.#settings.requestLearn ? bond.sessionId : undefined)
    if (id === undefined) return
    const { table } = this.#settings
    if (table.match(id) === undefined) table.store(id, server.name)
  }

  #idSet(head: ResponseHead): string | undefined {
    let id: string | undefined
    for (const field of head.getAll('set-cookie')) {
      const scanner = new CookieScanner(field)
      scanner.next()
      id = this.#idOf(scanner) || id
    }
    return id
  }

  #idOf(cookie: CookieScanner): string | undefined {
    const { name, prefix } = this.#settings
    if (!prefix) return cookie.isNamed(name) ? cookie.value : undefined
    if (!cookie.hasValue || !cookie.text.startsWith(name, cookie.nameStart)) return undefined
    return cookie.text.slice(cookie.nameStart + name.length, cookie.valueEnd)
  }

  /** The id in the target, of several the last. */
  #idInTarget({ view }: Bond): string | undefined {
    if (!takenMethods.has(view.method)) return undefined
    const { mode, name, prefix } = this.#settings
    const isPath = mode === 'path-parameters'
    const { target } = view
    const start = target.indexOf(isPath ? ';' : '?')
    if (start < 0) return undefined
    const query = isPath ? target.indexOf('?', start) : -1
    const parameters = target.slice(start + 1, query < 0 ? target.length : query).split(isPath ? ';' : '&')
    const key = (prefix ? name : `${name}=`).toLowerCase()
    const found = parameters.findLast((parameter) => parameter.slice(0, key.length).toLowerCase() === key)
    return found?.slice(key.length)
  }
}

/** HAProxy looks at the targets of these alone. */
const takenMethods = new Set(['GET', 'POST', 'HEAD'])

/** Reads the `appSession` option of a backend. */
export function readAppSession(value: unknown, path: string, clock: Clock = systemClock): AppSession {
  const reader = new OptionReader(value, path)
  const length = reader.integer('length', 1, 65_536)
  const timeout = reader.duration('timeout')
  if (length === undefined) throw new OptionError(`${path}.length`, length, 'a whole number, from 1 to 65536')
  if (timeout === undefined) throw new OptionError(`${path}.timeout`, timeout, "a time, such as '30m'")
  const size = (reader.raw('size') as Size | undefined) ?? '1m'
  const settings = {
    name: readCookieName(reader.raw('name'), reader.pathOf('name')),
    requestLearn: reader.boolean('requestLearn') ?? false,
    prefix: reader.boolean('prefix') ?? false,
    mode: reader.oneOf('mode', ['path-parameters', 'query-string']) ?? 'path-parameters',
    table: new StickyTable({ type: 'string', length, size, expire: timeout, clock }, path),
  } as const
  reader.end()
  return new AppSession(settings)
}
