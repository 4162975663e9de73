import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader, readDuration } from '../util/options.js'

/** Who goes first among those who wait for a free slot. Without one, or with equal ones: who has waited longest. */
export interface Priority {
  /**
   * A lower class goes before every higher one, however long that has waited; -2047 to 2047. Default 0. HAProxy:
   * `set-priority-class`.
   */
  readonly class?: number
  /**
   * Within a class, counts as time that passed before it came when below 0 (`'-500ms'`), as time that it still has when
   * above; up to 524287 ms either way. Default 0. HAProxy: `set-priority-offset`.
   */
  readonly offset?: Duration
}

/** A priority, read and complete: milliseconds. */
export interface PrioritySettings extends Priority {
  readonly class: number
  readonly offset: number
}

/** What an exchange has where nobody says otherwise. */
export const usualPriority: PrioritySettings = { class: 0, offset: 0 }

/** More milliseconds than a clock and an offset come to: classes must not reach into one another. */
const classSpan = 2 ** 40

/** The place in the order of all who wait: the lowest goes first. */
export function turnOf(priority: PrioritySettings, now: number): number {
  return priority.class * classSpan + now + priority.offset
}

/** Reads the `priority` option. */
export function readPriority(value: unknown, path: string): PrioritySettings {
  const reader = new OptionReader(value, path)
  const settings = { class: reader.integer('class', -2047, 2047) ?? 0, offset: reader.read('offset', readOffset) ?? 0 }
  reader.end()
  return settings
}

/** HAProxy's widest offset, in milliseconds. */
const widest = 524_287

function readOffset(value: unknown, path: string): number {
  const isEarlier = typeof value === 'string' ? value.startsWith('-') : Number(value) < 0
  const size = typeof value === 'string' ? value.replace(/^-/, '') : typeof value === 'number' ? Math.abs(value) : value
  const ms = readDuration(size, path)
  if (ms <= widest) return isEarlier ? -ms : ms
  throw new OptionError(path, value, `a time of up to ${widest} ms, with - before it to go earlier`)
}
