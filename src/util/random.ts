/** Where all chance comes from. Pass one as the `random` option to make picks and jitter repeatable. */
export interface Random {
  /** A number from 0, inclusive, to 1, exclusive. */
  next(): number
}

/** The default: `Math.random`. */
export const systemRandom: Random = { next: () => Math.random() }

/**
 * Makes a repeatable source: the same seed gives the same numbers. (The mulberry32 generator: 32 bits of state, good
 * enough for picks and jitter, unfit for secrets.)
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
  }
}
