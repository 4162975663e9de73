import stringify from 'fast-json-stable-stringify'
import type { CompositeSample, StickySample } from './sticky-key.js'

/** A sample as JSON has it: bytes as an object with their hexadecimal digits. */
export type JsonSample = string | number | { readonly bytes: string }

/** A key as JSON has it. */
export type JsonKey = JsonSample | readonly JsonSample[] | Readonly<Record<string, JsonSample>>

/**
 * Makes one key of several samples, the same whatever the order of names; texts and bytes are cut to `length`. Gives
 * undefined when there is no sample, or one is missing or called `__proto__`. @internal
 */
export function compositeKey(samples: CompositeSample, length: number): string | undefined {
  return isList(samples) ? listKey(samples, length) : recordKey(samples, length)
}

function listKey(samples: readonly unknown[], length: number): string | undefined {
  const parts: JsonSample[] = []
  for (const sample of samples) {
    const part = toJson(sample, length)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.length === 0 ? undefined : stringify(parts)
}

function recordKey(samples: Readonly<Record<string, unknown>>, length: number): string | undefined {
  // A plain object filled in a loop costs half of what Object.fromEntries, or an object without a prototype, does.
  const parts: Record<string, JsonSample> = {}
  const names = Object.keys(samples)
  for (const name of names) {
    const part = toJson(samples[name], length)
    if (part === undefined || name === '__proto__') return undefined
    parts[name] = part
  }
  return names.length === 0 ? undefined : stringify(parts)
}

/** Gives back from a key the samples, as far as the key has them. @internal */
export function readCompositeKey(key: string): CompositeSample {
  const parts: readonly JsonSample[] | Readonly<Record<string, JsonSample>> = JSON.parse(key)
  if (isList(parts)) return parts.map(fromJson)
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, fromJson(part)]))
}

function toJson(sample: unknown, length: number): JsonSample | undefined {
  if (typeof sample === 'string') return sample.slice(0, length)
  if (typeof sample === 'number') return Number.isFinite(sample) ? sample : undefined
  if (sample instanceof Uint8Array) return { bytes: Buffer.from(sample.subarray(0, length)).toString('hex') }
  return undefined
}

function fromJson(part: JsonSample): StickySample {
  return typeof part === 'object' ? Buffer.from(part.bytes, 'hex') : part
}

function isList<T>(samples: readonly T[] | Readonly<Record<string, T>>): samples is readonly T[] {
  return Array.isArray(samples)
}
