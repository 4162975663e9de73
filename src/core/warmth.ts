/** How far a server has come since it returned. */
export interface Warmth {
  /** What it has of its weight, in sixteenths: 1 to 16. */
  readonly sixteenths: number
  /** What it has of its limit of connections, in percent. */
  readonly percent: number
}

/** HAProxy's curve, in whole seconds; undefined when the slow start is over. */
export function warmthAt(elapsed: number, slowStart: number): Warmth | undefined {
  // A timer may fire a little before its time, and servers that step together did not all return together.
  const seconds = Math.round(elapsed / 1000)
  const length = Math.ceil(slowStart / 1000)
  if (seconds >= length) return undefined
  return { sixteenths: Math.floor((16 * seconds + length) / length), percent: Math.floor((100 * seconds) / length) }
}
