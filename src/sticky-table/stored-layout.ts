import { OptionError } from '../util/errors.js'
import { OptionReader, readDuration } from '../util/options.js'
import { addToRate, emptyRate, evenTick, readRate } from '../util/rate-meter.js'
import { type StickyEntry, usesIndex } from './sticky-store.js'
import {
  type StoredEvent,
  type StoredType,
  type StoredTypeRow,
  type StoreOptions,
  storedTypes,
} from './stored-types.js'

/** Where one stored value stands in an entry. */
export interface Slot {
  readonly kind: StoredTypeRow['kind']
  /** The place of its first number. */
  readonly at: number
  /** Of a rate, in milliseconds; else 0. */
  readonly period: number
}

/** An entry as a list of numbers, which all of it is but the server's name. */
export function numbersOf(entry: StickyEntry): number[] {
  return entry as unknown as number[]
}

/** The numbers that one event moves. */
export class EventSlots {
  /** Places; -1: the table does not store it. */
  #count = -1
  #rate = -1
  #period = 0

  add({ kind, at, period }: Slot): void {
    if (kind === 'count') this.#count = at
    else {
      this.#rate = at
      this.#period = period
    }
  }

  move(entry: StickyEntry, amount: number, now: number): void {
    const numbers = numbersOf(entry)
    if (this.#count >= 0) numbers[this.#count]! += amount
    if (this.#rate >= 0) addToRate(numbers, this.#rate, this.#period, amount, now)
  }
}

/** Which values the entries of one table have, and where: decided once, so that an entry is nothing but its numbers. */
export class StoredLayout {
  readonly #slots = new Map<string, Slot>()
  readonly #events = new Map<string, EventSlots>()
  readonly #fresh: StickyEntry = [undefined, Infinity, 0]

  /** Reads the `store` option; a bad or unknown member throws an {@link OptionError}. */
  constructor(value: unknown, path: string) {
    const reader = new OptionReader(value, path)
    for (const [name, row] of Object.entries(storedTypes) as [keyof StoreOptions, StoredTypeRow][]) {
      if (row.element !== undefined) this.#addArray(reader, name, row, row.element)
      else this.#addOne(reader, name, row)
    }
    reader.end()
  }

  #addOne(reader: OptionReader, name: string, row: StoredTypeRow): void {
    if (row.kind !== 'rate') {
      if (reader.boolean(name)) this.#add(name, row, row.event, 0)
      return
    }
    const period = reader.read(name, readPeriod)
    if (period !== undefined) this.#add(name, row, row.event, period)
  }

  #addArray(reader: OptionReader, name: string, row: StoredTypeRow, element: StoredType): void {
    const array = reader.read(name, row.kind === 'rate' ? readRates : readLength)
    if (array === undefined) return
    for (let index = 0; index < array.length; index++) {
      const own = element.replace('0', String(index))
      if (this.#slots.has(own)) {
        throw new OptionError(reader.pathOf(name), reader.values[name], `nothing, as ${own} stands beside it`)
      }
      this.#add(own, row, row.event && `gpc${index}`, array.period)
    }
  }

  #add(name: string, { kind }: StoredTypeRow, event: StoredEvent | undefined, period: number): void {
    const slot = { kind, at: kind === 'uses' ? usesIndex : this.#fresh.length, period }
    this.#slots.set(name, slot)
    if (kind === 'rate') this.#fresh.push(...emptyRate)
    else if (kind !== 'uses') this.#fresh.push(0)
    if (event === undefined) return
    const moved = this.#events.get(event) ?? new EventSlots()
    moved.add(slot)
    this.#events.set(event, moved)
  }

  /** A new entry, that never expires. */
  fresh(): StickyEntry {
    return this.#fresh.slice() as StickyEntry
  }

  /** The names and places of all values, in HAProxy's order. */
  [Symbol.iterator](): Iterator<[string, Slot]> {
    return this.#slots.entries()
  }

  /** The place of a value; undefined when the table does not store it. */
  find(type: string): Slot | undefined {
    return this.#slots.get(type)
  }

  /** The same, or an {@link OptionError} that names `path`. */
  slot(type: string, path: string): Slot {
    const slot = this.#slots.get(type)
    if (slot !== undefined) return slot
    const stored = [...this.#slots.keys()].join(', ') || 'nothing but the server'
    throw new OptionError(path, type, `what the table stores: ${stored}`)
  }

  /** What an event moves; undefined: nothing here. */
  event(event: string): EventSlots | undefined {
    return this.#events.get(event)
  }

  /** What a value stands at. */
  read(entry: StickyEntry, { kind, at, period }: Slot, now: number): number {
    const numbers = numbersOf(entry)
    return kind === 'rate' ? readRate(numbers, at, period, now) : numbers[at]!
  }

  /** Sets a value; a rate stays so for its period, then fades. */
  write(entry: StickyEntry, { kind, at }: Slot, value: number, now: number): void {
    const numbers = numbersOf(entry)
    if (kind !== 'rate') {
      numbers[at] = value
      return
    }
    numbers[at] = evenTick(now)
    numbers[at + 1] = value
    numbers[at + 2] = 0
  }

  /** What all values stand at, by name. */
  readAll(entry: StickyEntry, now: number): Record<string, number> {
    const readings: Record<string, number> = {}
    for (const [name, slot] of this.#slots) readings[name] = this.read(entry, slot, now)
    return readings
  }
}

/** Elements of an array, and the period of each when they are rates. */
interface ArraySize {
  readonly length: number
  readonly period: number
}

const mostElements = 100

function readPeriod(value: unknown, path: string): number {
  const period = readDuration(value, path)
  if (Number.isInteger(period) && period > 0) return period
  throw new OptionError(path, value, 'a period of whole milliseconds, 1 or more')
}

function readLength(value: unknown, path: string): ArraySize {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostElements) {
    return { length: value as number, period: 0 }
  }
  throw new OptionError(path, value, `a whole number, from 1 to ${mostElements}`)
}

function readRates(value: unknown, path: string): ArraySize {
  const reader = new OptionReader(value, path)
  const { length } = readLength(reader.raw('length'), reader.pathOf('length'))
  const period = readPeriod(reader.raw('period'), reader.pathOf('period'))
  reader.end()
  return { length, period }
}
