import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { evenTick } from '../util/rate-meter.js'
import type { JsonKey } from './composite-key.js'
import type { StickyKey } from './sticky-key.js'
import { type StickyEntry, serverIndex } from './sticky-store.js'
import { numbersOf, type Slot, type StoredLayout } from './stored-layout.js'
import type { StickyKeyType } from './table-key.js'

/** A rate as it goes from one table to another: what its reading is worked out from. */
export interface RecordedRate {
  /** In milliseconds. A table with another period does not take it. */
  readonly period: number
  /** Events since the present period began. */
  readonly current: number
  /** Events in the period before. */
  readonly previous: number
  /** How long ago the present period began, in milliseconds. */
  readonly age: number
}

/**
 * One entry as plain data for JSON: what HAProxy's peers tell each other. Bytes in its key stand as `{ bytes }` with
 * their hexadecimal digits. It does not tell what is in use, which concerns one process alone.
 */
export interface StickyRecord {
  readonly key: JsonKey
  /** Milliseconds until it expires; missing: it never does. */
  readonly expiresIn?: number
  /** Missing: none is remembered. */
  readonly server?: string
  /** What is stored, by name; missing: nothing. */
  readonly values?: Readonly<Record<string, number | RecordedRate>>
}

/** Makes the record of an entry. */
export function recordOf(key: StickyKey, entry: StickyEntry, layout: StoredLayout, now: number): StickyRecord {
  const [server, expiresAt] = entry
  const values: Record<string, number | RecordedRate> = {}
  for (const [name, slot] of layout) {
    if (slot.kind === 'rate') values[name] = recordedRate(numbersOf(entry), slot, now)
    else if (slot.kind !== 'uses') values[name] = layout.read(entry, slot, now)
  }
  return {
    key: jsonKey(key),
    ...(expiresAt === Infinity ? {} : { expiresIn: Math.max(expiresAt - now, 0) }),
    ...(server === undefined ? {} : { server }),
    ...(Object.keys(values).length === 0 ? {} : { values }),
  }
}

function recordedRate(numbers: readonly number[], { at, period }: Slot, now: number): RecordedRate {
  const tick = numbers[at]!
  const age = tick === -Infinity ? 0 : now - tick
  return { period, current: numbers[at + 1]!, previous: numbers[at + 2]!, age }
}

/** What a record says, checked, of a table of that type and layout. */
export interface ReadRecord {
  readonly key: StickyKey
  readonly expiresIn: number
  readonly server: string | undefined
  /** Lays the values over those of an entry; what is not in the record, or not stored, stays. */
  apply(entry: StickyEntry, now: number): void
}

/** Reads a record; throws an {@link OptionError} for a bad one. */
export function readRecord(value: unknown, type: StickyKeyType, layout: StoredLayout, path: string): ReadRecord {
  const reader = new OptionReader(value, path)
  const key = stickyKey(reader.raw('key') as JsonKey, type)
  const expiresIn = reader.read('expiresIn', readCount) ?? Infinity
  const server = reader.string('server')
  const values = reader.read('values', (given, at) => readValues(given, layout, at)) ?? []
  reader.end()
  return {
    key,
    expiresIn,
    server,
    apply(entry, now) {
      if (server !== undefined) entry[serverIndex] = server
      for (const write of values) write(numbersOf(entry), now)
    },
  }
}

type Write = (numbers: number[], now: number) => void

function readValues(value: unknown, layout: StoredLayout, path: string): Write[] {
  const writes: Write[] = []
  for (const [name, given] of Object.entries(new OptionReader(value, path).values)) {
    const slot = layout.find(name)
    if (slot?.kind === 'rate') writes.push(readRate(given, slot, `${path}.${name}`))
    else if (slot !== undefined && slot.kind !== 'uses') writes.push(readNumber(given, slot, `${path}.${name}`))
  }
  return writes
}

function readNumber(value: unknown, { at }: Slot, path: string): Write {
  const number = readCount(value, path)
  return (numbers) => {
    numbers[at] = number
  }
}

function readRate(value: unknown, { at, period }: Slot, path: string): Write {
  const reader = new OptionReader(value, path)
  const [own, current, previous, age] = (['period', 'current', 'previous', 'age'] as const).map((name) =>
    readCount(reader.raw(name), reader.pathOf(name)),
  )
  reader.end()
  if (own !== period) return () => {}
  return (numbers, now) => {
    numbers[at] = evenTick(now - age!)
    numbers[at + 1] = current!
    numbers[at + 2] = previous!
  }
}

/** Reads a number as it is stored. */
export function readCount(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value
  throw new OptionError(path, value, 'a number from 0 on')
}

function jsonKey(key: StickyKey): JsonKey {
  if (typeof key !== 'object') return key
  if (key instanceof Uint8Array) return { bytes: Buffer.from(key).toString('hex') }
  const parts = Object.entries(key).map(([name, part]) => [name, jsonKey(part!)] as const)
  return (Array.isArray(key) ? parts.map(([, part]) => part) : Object.fromEntries(parts)) as JsonKey
}

/** The key that a record means: of a composite one each part, of others the whole may stand for bytes. */
function stickyKey(key: unknown, type: StickyKeyType): StickyKey {
  if (type !== 'composite' || typeof key !== 'object' || key === null) return sampleOf(key) as StickyKey
  const parts = Object.entries(key).map(([name, part]) => [name, sampleOf(part)] as const)
  return (Array.isArray(key) ? parts.map(([, part]) => part) : Object.fromEntries(parts)) as StickyKey
}

function sampleOf(part: unknown): unknown {
  const bytes = typeof part === 'object' && part !== null && 'bytes' in part ? part.bytes : undefined
  return typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : part
}
