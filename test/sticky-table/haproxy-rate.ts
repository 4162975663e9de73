/**
 * HAProxy's sliding rate (`freq_ctr`), written down from its description with its own types: all numbers have 32 bits
 * without a sign, sums wrap, and the lowest bit of a tick is kept 0.
 */
export class HaproxyRate {
  #tick = 0n
  #current = 0n
  #previous = 0n
  readonly #period: bigint

  constructor(period: number) {
    this.#period = BigInt(period)
  }

  add(count: number, now: number): void {
    if (u32(BigInt(now) - this.#tick) < this.#period) {
      this.#current = u32(this.#current + BigInt(count))
      return
    }
    this.#previous = this.#current
    this.#current = BigInt(count)
    this.#tick = u32(this.#tick + this.#period)
    if (u32(BigInt(now) - this.#tick) >= this.#period) {
      this.#previous = 0n
      this.#tick = BigInt(now)
    }
    this.#tick &= ~1n
  }

  read(now: number): number {
    let remain = BigInt.asIntN(32, this.#tick + this.#period - BigInt(now))
    let current = this.#current
    let past = this.#previous
    if (remain < 0n) {
      remain += this.#period
      past = remain >= 0n ? current : 0n
      current = 0n
    }
    if (current === 0n && past <= 1n) return Number(past)
    return Number((past * remain + current * this.#period) / this.#period)
  }
}

function u32(value: bigint): bigint {
  return BigInt.asUintN(32, value)
}
