import { type Condition, readCondition } from '../rules/condition.js'
import type { Clock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import type { OptionReader } from '../util/options.js'
import { type AppSession, type AppSessionOptions, readAppSession } from './app-session.js'
import { type CookieOptions, type CookieSettings, readCookieOptions } from './cookie-options.js'
import { readStickRules, type StickRule, type StickRuleSettings } from './stick-rules.js'
import { readUseServer, type UseServerRule } from './use-server.js'

/**
 * Options that keep a client on its server. They are asked in this order, and the first that names a server which takes
 * traffic decides: `useServer`, `cookie`, `appSession`, `stick`; then `balance`.
 */
export interface PersistenceOptions {
  /** Sends what a condition takes to one server. HAProxy: `use-server`. */
  readonly useServer?: readonly UseServerRule[]
  /** By a cookie that the proxy sets or changes. Not in TCP mode. HAProxy: `cookie`. */
  readonly cookie?: CookieOptions
  /** By the application's own session id. Not in TCP mode. HAProxy: `appsession`. */
  readonly appSession?: AppSessionOptions
  /** By tables of keys and their servers. HAProxy: `stick on`, `stick match`, `stick store-request`, `stick store-response`. */
  readonly stick?: readonly StickRule[]
  /**
   * Sends what is bound to a server there even while it is down; if it then can't connect, `redispatch` says what
   * follows. Default false. HAProxy: `option persist`.
   */
  readonly persist?: boolean
  /**
   * Where this is true, what is bound to a server goes there whatever the server's state, and nowhere else: to look at
   * one in maintenance, say. Goes before `ignorePersist`. HAProxy: `force-persist`.
   */
  readonly forcePersist?: Condition
  /** Where this is true, cookies bind nothing and none is set. Not of stick rules. HAProxy: `ignore-persist`. */
  readonly ignorePersist?: Condition
}

/** The same, read. */
export interface PersistenceSettings {
  readonly useServer: readonly UseServerRule[]
  readonly cookie: CookieSettings | undefined
  readonly appSession: AppSession | undefined
  readonly stick: readonly StickRuleSettings[]
  readonly persist: boolean
  readonly forcePersist: Condition | undefined
  readonly ignorePersist: Condition | undefined
}

/** The names of the options, for whoever hands them on. @internal */
export const persistenceNames = [
  'useServer',
  'cookie',
  'appSession',
  'stick',
  'persist',
  'forcePersist',
  'ignorePersist',
] as const satisfies readonly (keyof PersistenceOptions)[]

/** Reads the options that keep a client on its server. Without a clock, they are checked alone. */
export function readPersistence(reader: OptionReader, clock: Clock | undefined): PersistenceSettings {
  if (reader.raw('mode') === 'tcp') {
    for (const name of ['cookie', 'appSession'] as const) {
      if (reader.raw(name) === undefined) continue
      throw new OptionError(
        reader.pathOf(name),
        reader.raw(name),
        'nothing, as connections in TCP mode have no cookies',
      )
    }
  }
  return {
    useServer: reader.read('useServer', readUseServer) ?? [],
    cookie: reader.read('cookie', readCookieOptions),
    appSession: reader.read('appSession', (value, path) => readAppSession(value, path, clock)),
    stick: reader.read('stick', (value, path) => readStickRules(value, path, clock)) ?? [],
    persist: reader.boolean('persist') ?? false,
    forcePersist: reader.read('forcePersist', readCondition),
    ignorePersist: reader.read('ignorePersist', readCondition),
  }
}
