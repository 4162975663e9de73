import { type Random, seededRandom } from '../../../src/util/random.js'

/** Choices that a seed decides. */
export class Dice {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  chance(ratio: number): boolean {
    return this.#random.next() < ratio
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Up to `most` things. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }

  /** Text of up to `most` characters of an alphabet. */
  text(most: number, alphabet: string): string {
    return this.some(most, () => alphabet[this.below(alphabet.length)]!).join('')
  }
}
