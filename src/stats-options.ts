import { type Address, readBind } from './util/address.js'
import { OptionError } from './util/errors.js'
import { type Duration, OptionReader } from './util/options.js'

/** Where and how a proxy shows its statistics. HAProxy: `stats enable`. */
export interface StatsOptions {
  /** Where the page is served: a port, `host:port`, `*:port` or `unix:/path`. */
  readonly bind: number | string
  /** The page's path; `path;csv` and `path;json` give data. Default `/stats`. HAProxy: `stats uri`. */
  readonly path?: string
  /** Users and their passwords; without, everybody may look. HAProxy: `stats auth`. */
  readonly auth?: Readonly<Record<string, string>>
  /** How often a browser loads the page again, in whole seconds. Default: never. HAProxy: `stats refresh`. */
  readonly refresh?: Duration
}

/** The same, read and complete. */
export interface StatsSettings {
  readonly bind: Address
  readonly path: string
  readonly auth: Readonly<Record<string, string>> | undefined
  /** Seconds; 0: never. */
  readonly refresh: number
}

/** Reads the `stats` option. */
export function readStats(value: unknown, path: string): StatsSettings {
  const reader = new OptionReader(value, path)
  const settings = {
    bind: readBind(reader.raw('bind'), reader.pathOf('bind')),
    path: reader.read('path', readPath) ?? '/stats',
    auth: reader.read('auth', readUsers),
    refresh: Math.round((reader.duration('refresh') ?? 0) / 1000),
  }
  reader.end()
  return settings
}

function readPath(value: unknown, path: string): string {
  if (typeof value === 'string' && /^\/[\x21-\x3a\x3c-\x3e\x40-\x7e]*$/.test(value)) return value
  throw new OptionError(path, value, "a path that starts with '/', without ';' and '?'")
}

function readUsers(value: unknown, path: string): Readonly<Record<string, string>> {
  const users = new OptionReader(value, path).values
  for (const [user, password] of Object.entries(users)) {
    if (user === '' || user.includes(':')) throw new OptionError(path, user, "user names without ':'")
    if (typeof password !== 'string' || password === '') throw new OptionError(`${path}.${user}`, '…', 'a password')
  }
  return users as Readonly<Record<string, string>>
}
