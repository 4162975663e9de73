import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { StickyEntry } from './sticky-store.js'
import type { Slot, StoredLayout } from './stored-layout.js'
import type { StoredType } from './stored-types.js'

/** Comparisons that a value has to pass, all of them. */
export interface ValueTest {
  /** HAProxy: `eq`. */
  readonly is?: number
  /** HAProxy: `ne`. */
  readonly isNot?: number
  /** HAProxy: `gt`. */
  readonly above?: number
  /** HAProxy: `ge`. */
  readonly atLeast?: number
  /** HAProxy: `lt`. */
  readonly below?: number
  /** HAProxy: `le`. */
  readonly atMost?: number
}

/** Which entries of a table are meant: those whose values pass every test. HAProxy: `show table NAME data.gpc0 gt 0`. */
export type EntryFilter = { readonly [Type in StoredType]?: ValueTest }

const comparisons: Readonly<Record<keyof ValueTest, (value: number, limit: number) => boolean>> = {
  is: (value, limit) => value === limit,
  isNot: (value, limit) => value !== limit,
  above: (value, limit) => value > limit,
  atLeast: (value, limit) => value >= limit,
  below: (value, limit) => value < limit,
  atMost: (value, limit) => value <= limit,
}

/** Whether an entry is meant. */
export type EntryTest = (entry: StickyEntry, now: number) => boolean

/** Makes the test of a filter; throws an {@link OptionError} for what the table does not store and for bad comparisons. */
export function readFilter(filter: unknown, layout: StoredLayout, path: string): EntryTest {
  const tests = Object.entries(new OptionReader(filter, path).values).flatMap(([type, value]) => {
    const slot = layout.slot(type, `${path}.${type}`)
    return readTests(value, `${path}.${type}`).map(([compare, limit]) => testOf(layout, slot, compare, limit))
  })
  return (entry, now) => tests.every((test) => test(entry, now))
}

type Compare = (value: number, limit: number) => boolean

function testOf(layout: StoredLayout, slot: Slot, compare: Compare, limit: number): EntryTest {
  return (entry, now) => compare(layout.read(entry, slot, now), limit)
}

function readTests(value: unknown, path: string): (readonly [Compare, number])[] {
  const reader = new OptionReader(value, path)
  const tests: (readonly [Compare, number])[] = []
  for (const [name, compare] of Object.entries(comparisons)) {
    const limit = reader.read(name, readLimit)
    if (limit !== undefined) tests.push([compare, limit])
  }
  reader.end()
  return tests
}

function readLimit(value: unknown, path: string): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new OptionError(path, value, 'a number')
}
