import { OptionError } from './errors.js'

/** A time: a number is milliseconds; a string takes HAProxy's suffixes `us ms s m h d` (no suffix: milliseconds). */
export type Duration = number | string

/** A size: a number is bytes; a string takes `k m g` (powers of 1024). */
export type Size = number | string

const durationUnits: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizeUnits: Record<string, number> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** HAProxy's longest time, about 24.8 days. */
const longestDuration = 2 ** 31 - 1

/** Reads a time as milliseconds, or throws an {@link OptionError} that names `path`. */
export function readDuration(value: unknown, path: string): number {
  const ms = typeof value === 'string' ? scaled(value, /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)?$/, durationUnits) : value
  if (typeof ms === 'number' && ms >= 0 && ms <= longestDuration) return ms
  throw new OptionError(path, value, "a time: milliseconds, or a string such as '500ms', '10s', '1m', up to 24 days")
}

/** Reads a size as bytes, or throws an {@link OptionError} that names `path`. */
export function readSize(value: unknown, path: string): number {
  const bytes = typeof value === 'string' ? scaled(value, /^(\d+)([kmg])?$/, sizeUnits) : value
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw new OptionError(path, value, "a size: bytes, or a string such as '16k', '1m'")
}

function scaled(text: string, pattern: RegExp, units: Record<string, number>): number | undefined {
  const match = pattern.exec(text)
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ''] ?? 1)
}

/**
 * Reads the members of one options object, each by name and kind, and refuses whatever nobody asked for. Every reading
 * method returns `undefined` for a member that is absent, and throws an {@link OptionError} with the member's path for
 * a bad one.
 */
export class OptionReader {
  /** The object that is read. */
  readonly values: Readonly<Record<string, unknown>>
  readonly #known = new Set<string>()

  constructor(
    options: unknown,
    readonly path: string,
  ) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new OptionError(path, options, 'an object of options')
    }
    this.values = options as Record<string, unknown>
  }

  /** The path of a member: `servers` under `backends.app` is `backends.app.servers`. */
  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  /** The member as it stands. */
  raw(name: string): unknown {
    this.#known.add(name)
    return this.values[name]
  }

  /** The member through a reader of its own, when it is present. */
  read<T>(name: string, read: (value: unknown, path: string) => T): T | undefined {
    const value = this.raw(name)
    return value === undefined ? undefined : read(value, this.pathOf(name))
  }

  boolean(name: string): boolean | undefined {
    return this.read(name, (value, path) => {
      if (typeof value === 'boolean') return value
      throw new OptionError(path, value, 'true or false')
    })
  }

  string(name: string): string | undefined {
    return this.read(name, (value, path) => {
      if (typeof value === 'string' && value !== '') return value
      throw new OptionError(path, value, 'a string that is not empty')
    })
  }

  integer(name: string, least: number, most: number): number | undefined {
    return this.read(name, (value, path) => {
      if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`
      throw new OptionError(path, value, `a whole number, ${range}`)
    })
  }

  oneOf<const T extends string>(name: string, words: readonly T[]): T | undefined {
    return this.read(name, (value, path) => {
      if (words.includes(value as T)) return value as T
      throw new OptionError(path, value, `one of ${words.map((word) => `'${word}'`).join(', ')}`)
    })
  }

  duration(name: string): number | undefined {
    return this.read(name, readDuration)
  }

  size(name: string): number | undefined {
    return this.read(name, readSize)
  }

  /** A member that is an options object itself. */
  nested<T>(name: string, read: (reader: OptionReader) => T): T | undefined {
    return this.read(name, (value, path) => {
      const reader = new OptionReader(value, path)
      const result = read(reader)
      reader.end()
      return result
    })
  }

  /** Refuses every member that was not read: call it last. */
  end(): void {
    for (const name of Object.keys(this.values)) {
      if (this.#known.has(name) || this.values[name] === undefined) continue
      const known = [...this.#known].sort().join(', ')
      throw new OptionError(
        this.pathOf(name),
        this.values[name],
        `nothing, as there is no such option; known here: ${known}`,
      )
    }
  }
}

/** Checks the name of a frontend, backend or server: HAProxy's alphabet. */
export function readName(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_.:-]+$/.test(value) && value !== '__proto__') return value
  throw new OptionError(path, value, 'a name of letters, digits and _ . : -')
}
