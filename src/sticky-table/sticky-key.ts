/** One value taken from traffic. A text stands for the bytes of its characters, as the value of a header does. */
export type StickySample = string | number | Uint8Array

/** Several samples: in an order, or by name. */
export type CompositeSample = readonly (StickySample | undefined)[] | Readonly<Record<string, StickySample | undefined>>

/** What to look for in a table. Each type of table casts it to its own form, as HAProxy does; what it can't is no key. */
export type StickyKey = StickySample | CompositeSample
