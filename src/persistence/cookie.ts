import { CookieScanner, withoutCookie } from '../core/message/cookies.js'
import type { RequestHead, ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import type { Server } from '../core/server.js'
import type { Bond, ResponseCookieState } from './bond.js'
import { isCacheable } from './cacheable.js'
import { cookieDate, isOutdated, readCookieDate } from './cookie-date.js'
import type { CookieSettings } from './cookie-options.js'
import { dynamicCookie } from './dynamic-cookie.js'
import type { Reach } from './reach.js'

/** Between the proxy's value and the server's, in prefix mode. */
const prefixEnd = '~'
/** Before each date. */
const dateMark = '|'

/** Keeps clients on their servers by a cookie. HAProxy: `cookie`. */
export class CookiePersistence {
  readonly settings: CookieSettings
  /** The servers of each value, in the order in which they joined: the first that can serve does. */
  readonly #servers = new Map<string, Set<Server>>()

  constructor(settings: CookieSettings) {
    this.settings = settings
  }

  join(server: Server): void {
    const { dynamicKey } = this.settings
    if (dynamicKey !== undefined) server.cookie ??= dynamicCookie(dynamicKey, server.address)
    if (server.cookie === undefined) return
    const sharing = this.#servers.get(server.cookie)
    if (sharing === undefined) this.#servers.set(server.cookie, new Set([server]))
    else sharing.add(server)
  }

  leave(server: Server): void {
    const value = server.cookie ?? ''
    const sharing = this.#servers.get(value)
    sharing?.delete(server)
    if (sharing?.size === 0) this.#servers.delete(value)
  }

  // -- Requests -------------------------------------------------------------------------------------------------------

  /** Takes out of a request what servers shall not see. */
  clean(head: RequestHead, edits: HeadEdits): void {
    const { mode, name, indirect } = this.settings
    if (mode !== 'prefix' && !(mode === 'insert' && indirect)) return
    const fields = head.getAll('cookie')
    for (let nth = 0; nth < fields.length; nth++) {
      const field = fields[nth]!
      const rest = mode === 'prefix' ? withoutPrefix(field, name) : withoutCookie(field, name)
      if (rest !== field) edits.rewrite('cookie', nth, rest === '' ? undefined : rest)
    }
  }

  /** Binds the exchange to the server that the request's cookie stands for. */
  find(bond: Bond, now: number, reach: Reach): void {
    const { name } = this.settings
    const fields = bond.view.headers('cookie')
    for (let i = 0; i < fields.length; i++) {
      if (!fields[i]!.includes(name)) continue
      const scanner = new CookieScanner(fields[i]!)
      while (scanner.next()) if (scanner.isNamed(name)) this.#consider(bond, scanner.value, now, reach)
    }
  }

  #consider(bond: Bond, value: string, now: number, reach: Reach): void {
    const end = value.indexOf(this.settings.mode === 'prefix' ? prefixEnd : dateMark)
    if (end >= 0 && this.settings.mode !== 'prefix') readDates(bond, value, end)
    if (this.#isOver(bond, now)) {
      bond.lastSeen = bond.firstSeen = undefined
      bond.note('cookie', value, undefined, 'expired', 'the cookie is too old')
    } else if (bond.ignoresCookies || bond.server !== undefined) {
      if (bond.requestCookie === 'N') bond.requestCookie = 'U'
      const reason = bond.ignoresCookies ? 'cookies do not count here' : 'the server is settled already'
      bond.note('cookie', value, undefined, 'ignored', reason)
    } else this.#look(bond, value, end < 0 ? value : value.slice(0, end), reach)
  }

  /** Whether the cookie's dates say that it no longer counts. */
  #isOver(bond: Bond, now: number): boolean {
    const { maxIdle, maxLife } = this.settings
    if (maxLife !== undefined && bond.firstSeen !== undefined && isOutdated(bond.firstSeen, maxLife, now)) {
      bond.requestCookie = 'O'
      return true
    }
    if (maxIdle === undefined || bond.lastSeen === undefined || !isOutdated(bond.lastSeen, maxIdle, now)) return false
    bond.requestCookie = 'E'
    return true
  }

  #look(bond: Bond, value: string, id: string, reach: Reach): void {
    const servers = this.#servers.get(id)
    if (servers === undefined) {
      if (bond.requestCookie === 'N') bond.requestCookie = 'I'
      return bond.note('cookie', value, undefined, 'unknown', 'no server has that cookie')
    }
    for (const server of servers) {
      if (!reach.reaches(bond, server)) continue
      bond.server = server
      bond.requestCookie = server.isUp ? 'V' : 'D'
      return bond.note('cookie', value, server.name, 'matched', 'the cookie is that of the server')
    }
    bond.requestCookie = 'D'
    bond.note('cookie', value, nameOfFirst(servers), 'down', 'its server takes no traffic')
  }

  // -- Responses ------------------------------------------------------------------------------------------------------

  /** Makes the edits of a response from `server`: what becomes of the cookie that it sets, and the one that is set here. */
  mark(bond: Bond, head: ResponseHead, server: Server, edits: HeadEdits, now: number): void {
    if (bond.ignoresCookies) return
    const fields = head.getAll('set-cookie')
    for (let nth = 0; nth < fields.length; nth++) {
      if (!fields[nth]!.includes(this.settings.name)) continue
      const scanner = new CookieScanner(fields[nth]!)
      scanner.next()
      if (scanner.isNamed(this.settings.name)) bond.responseCookie = this.#treat(bond, scanner, nth, server, edits)
    }
    if (!this.#inserts(bond, now)) return
    edits.add('Set-Cookie', this.#text(bond, server, now))
    bond.responseCookie = server.cookie !== undefined && bond.isPersistent ? 'U' : 'I'
    if (this.settings.nocache && isCacheable(head, bond.view.method)) edits.add('Cache-Control', 'private')
  }

  /** Decides about a cookie of our name that the server sets. */
  #treat(bond: Bond, cookie: CookieScanner, nth: number, server: Server, edits: HeadEdits): ResponseCookieState {
    const { mode, indirect, preserve } = this.settings
    if (preserve) return 'P'
    if (mode === 'insert' || (indirect && bond.isPersistent)) {
      edits.rewrite('set-cookie', nth, undefined)
      return 'D'
    }
    if (mode === 'passive' || server.cookie === undefined) return 'P'
    const before = cookie.text.slice(0, cookie.valueStart)
    const value = mode === 'rewrite' ? server.cookie : `${server.cookie}${prefixEnd}${cookie.value}`
    edits.rewrite('set-cookie', nth, before + value + cookie.text.slice(cookie.valueEnd))
    return 'R'
  }

  /** Whether the client needs a cookie from here: it came by none that led to the server, or its dates have changed. */
  #inserts(bond: Bond, now: number): boolean {
    const { mode, preserve, postonly, maxIdle, maxLife } = this.settings
    if (mode !== 'insert' || (postonly && bond.view.method !== 'POST')) return false
    if (preserve && bond.responseCookie === 'P') return false
    const { lastSeen, firstSeen } = bond
    if (!bond.isPersistent || (maxLife === undefined) !== (firstSeen === undefined)) return true
    if (lastSeen === undefined) return maxIdle !== undefined
    return lastSeen < Math.floor(now / 1000) * 1000
  }

  #text(bond: Bond, { cookie }: Server, now: number): string {
    const { name, maxIdle, maxLife, tail } = this.settings
    // A server without a cookie of its own, a backup say, shall keep nobody: the client's is taken back.
    if (cookie === undefined) return `${name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/${tail}`
    let value = cookie
    if (maxIdle !== undefined || maxLife !== undefined) value += dateMark + cookieDate(now)
    if (maxLife !== undefined) value += dateMark + cookieDate(bond.firstSeen ?? now)
    return `${name}=${value}; path=/${tail}`
  }

  /** The two letters of the termination state. */
  lettersOf(bond: Bond): string {
    const { mode, indirect } = this.settings
    return mode === 'passive' && !indirect ? '--' : bond.requestCookie + bond.responseCookie
  }
}

function nameOfFirst(servers: Iterable<Server>): string | undefined {
  for (const { name } of servers) return name
  return undefined
}

/** Reads `A|last|first`; `mark` is where the first bar stands. */
function readDates(bond: Bond, value: string, mark: number): void {
  const second = value.indexOf(dateMark, mark + 1)
  bond.lastSeen = readCookieDate(value.slice(mark + 1)) ?? bond.lastSeen
  if (second >= 0) bond.firstSeen = readCookieDate(value.slice(second + 1)) ?? bond.firstSeen
}

/** A Cookie field whose cookies of that name have the server's own value alone. */
function withoutPrefix(text: string, name: string): string {
  if (!text.includes(name)) return text
  const scanner = new CookieScanner(text)
  let kept = ''
  let done = 0
  while (scanner.next()) {
    const end = scanner.isNamed(name) ? scanner.value.indexOf(prefixEnd) : -1
    if (end < 0) continue
    kept += text.slice(done, scanner.valueStart)
    done = scanner.valueStart + end + 1
  }
  return kept + text.slice(done)
}
