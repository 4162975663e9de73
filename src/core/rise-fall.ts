/**
 * Counts consecutive results until they flip a server's health. HAProxy's arithmetic: a failure of a server that is up
 * takes one step down from full health, and below `rise` it drops to nothing at once; a success of a server that is
 * down takes one step up, and at `rise` it jumps to full health at once.
 *
 * A server starts one failure away from down, so that a dead one is out after its first check (HAProxy's rule, also
 * after maintenance).
 */
export class RiseFall {
  #health: number

  constructor(
    /** Successes in a row that bring a server up. */
    readonly rise: number,
    /** Failures in a row that take a server down. */
    readonly fall: number,
  ) {
    this.#health = rise
  }

  /** From 0, down with no success yet, to `rise + fall - 1`, fully up. */
  get health(): number {
    return this.#health
  }

  get isUp(): boolean {
    return this.#health >= this.rise
  }

  /** Whether results point both ways: neither fully up nor fully down. */
  get isTransitional(): boolean {
    return this.#health > 0 && this.#health < this.rise + this.fall - 1
  }

  /** Counts one result, and says whether it flipped the health. */
  count(passed: boolean): boolean {
    const wasUp = this.isUp
    if (passed) {
      this.#health = Math.min(this.#health + 1, this.rise + this.fall - 1)
      if (this.isUp) this.#health = this.rise + this.fall - 1
    } else {
      this.#health = Math.max(this.#health - 1, 0)
      if (!this.isUp) this.#health = 0
    }
    return this.isUp !== wasUp
  }

  /** Up, but one failure away from down. */
  reset(): void {
    this.#health = this.rise
  }
}
