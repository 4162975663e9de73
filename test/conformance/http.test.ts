import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { carrierLimits } from '../../src/carrier-limits.js'
import { behaviours } from './behaviours.js'
import { type Combination, combinations, limitOf } from './combinations.js'
import { insteads } from './insteads.js'
import { type Behaviour, Scene } from './scene.js'

function check(combination: Combination, { claim, needs, run }: Behaviour): void {
  const skip = limitOf(combination, needs)?.reason ?? false
  test(claim, { skip }, (t) => run(new Scene(t, combination.setup)))
}

for (const combination of combinations) {
  describe(`HTTP, ${combination.name}`, () => {
    for (const behaviour of behaviours) check(combination, behaviour)
  })
  describe(`in the place of what can't be, ${combination.name}`, () => {
    for (const instead of insteads) {
      if (instead.carriers.some((carrier) => combination.carriers.includes(carrier))) check(combination, instead)
    }
  })
}

describe('the table of carrier limits', () => {
  const needed = new Set(behaviours.flatMap(({ needs = [] }) => needs))

  test('has a row for everything that a behaviour needs', () => {
    const missing = new Set(carrierLimits.map((row) => row.missing))
    assert.deepEqual(
      [...needed].filter((name) => !missing.has(name)),
      [],
    )
  })

  for (const { carrier, missing, instead } of carrierLimits) {
    test(`${carrier} without ${missing}: a behaviour needs it, and ‘${instead}’ is tested`, () => {
      assert.ok(needed.has(missing))
      assert.ok(insteads.some((other) => other.carriers.includes(carrier) && other.missing === missing))
    })
  }
})
