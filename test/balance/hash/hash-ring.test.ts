import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HashRing, ownerLimit } from '../../../src/balance/hash/hash-ring.js'

const circle = 2 ** 32

/** Points all over the circle, its ends and close neighbours among them. */
const point = fc.oneof(
  { weight: 6, arbitrary: fc.nat(circle - 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, circle - 2, circle - 1) },
  { weight: 1, arbitrary: fc.nat(20).map((step) => 2 ** 31 + step) },
)
const entry = fc.tuple(point, fc.nat(3)).map(([point, owner]) => point * ownerLimit + owner)

/** Does as the ring shall, the slow way. */
class Model {
  readonly #entries: Set<number> = new Set()

  add(entries: readonly number[]): void {
    for (const entry of entries) this.#entries.add(entry)
  }

  delete(entry: number): void {
    this.#entries.delete(entry)
  }

  get sorted(): number[] {
    return [...this.#entries].sort((one, other) => one - other)
  }
}

function compare(ring: HashRing, model: Model, looks: readonly number[]): void {
  const { sorted } = model
  assert.equal(ring.size, sorted.length)
  if (sorted.length === 0) return
  for (const look of looks) {
    assert.equal(ring.atOrAfter(look), sorted.find((entry) => entry >= look) ?? sorted[0])
    assert.equal(ring.before(look), sorted.findLast((entry) => entry < look) ?? sorted.at(-1))
  }
}

describe('a hash ring', () => {
  test('finds the neighbours of any point, round the circle, whatever was added and deleted', () => {
    const batch = fc.uniqueArray(entry, { maxLength: 400 })
    fc.assert(
      fc.property(fc.array(fc.tuple(batch, fc.nat()), { maxLength: 8 }), fc.array(entry), (steps, looks) => {
        const ring = new HashRing()
        const model = new Model()
        for (const [batch, share] of steps) {
          const known = new Set(model.sorted)
          const added = batch.filter((entry) => !known.has(entry))
          ring.add(Float64Array.from(added))
          model.add(added)
          const gone = model.sorted.filter((_, place) => (place * 7919 + share) % 3 === 0)
          for (const entry of gone) {
            ring.delete(entry)
            model.delete(entry)
          }
          compare(ring, model, [...looks, ...model.sorted.slice(0, 50)])
        }
      }),
      { seed: 20_241_121, numRuns: 60 },
    )
  })

  test('stays right when it grows one by one far beyond the pages that it began with', () => {
    const ring = new HashRing()
    const model = new Model()
    for (let number = 0; number < 6000; number++) {
      const entry = ((number * 2_654_435_761) % circle) * ownerLimit
      ring.add(Float64Array.of(entry))
      model.add([entry])
    }
    compare(
      ring,
      model,
      Array.from({ length: 300 }, (_, step) => step * 2 ** 43),
    )
  })
})
