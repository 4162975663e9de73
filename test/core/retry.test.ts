import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TryFailure } from '../../src/core/failure.js'
import { decideRetry, isIdempotent, type RetryDecision, type RetryState } from '../../src/core/retry.js'

const refused: TryFailure = { kind: 'connect-refused', sent: false, reused: false }
const timedOut: TryFailure = { kind: 'connect-timeout', sent: false, reused: false }
const deadReused: TryFailure = { kind: 'server-closed', sent: true, reused: true }

/** An exchange that something binds to its server, one of two. */
const bound: RetryState = { used: 0, isReplayable: true, isServerUp: true, hasOther: true, isFree: false }
/** An exchange that any server may take. */
const free: RetryState = { ...bound, isFree: true }
/** One that has nowhere else to go. */
const alone: RetryState = { ...bound, hasOther: false }

/** The decisions for one retry after the other, up to the last. */
function decisions(
  failure: TryFailure,
  state: RetryState,
  redispatch: number,
  { retries = 3 } = {},
): readonly RetryDecision[] {
  const all: RetryDecision[] = []
  for (let used = 0; used <= retries; used++)
    all.push(decideRetry(failure, { ...state, used }, { retries, redispatch }))
  return all
}

describe('a server that refuses the connection', () => {
  test('is tried again after a pause, each time, where redispatch is off', () => {
    const expected = ['same-later', 'same-later', 'same-later', 'give-up']
    assert.deepEqual(decisions(refused, free, 0), expected)
    assert.deepEqual(decisions(refused, bound, 0), expected)
  })

  test('is left at once, each time, by what any server may take', () => {
    assert.deepEqual(decisions(refused, free, -1), ['other', 'other', 'other', 'give-up'])
    assert.deepEqual(decisions(refused, free, 2), ['other', 'other', 'other', 'give-up'])
  })

  test('is left on the last retry alone by what is bound to it, with redispatch true', () => {
    assert.deepEqual(decisions(refused, bound, -1), ['same-later', 'same-later', 'other', 'give-up'])
  })

  test('is left on every so many retries, with a number', () => {
    const { retries } = { retries: 5 }
    assert.deepEqual(decisions(refused, bound, 1, { retries }), [
      'other',
      'other',
      'other',
      'other',
      'other',
      'give-up',
    ])
    assert.deepEqual(decisions(refused, bound, 2, { retries }), [
      'same-later',
      'other',
      'same-later',
      'other',
      'same-later',
      'give-up',
    ])
    assert.deepEqual(decisions(refused, bound, 6, { retries }), [...Array(5).fill('same-later'), 'give-up'])
  })

  test('is left on a retry counted from the last, with a negative number', () => {
    assert.deepEqual(decisions(refused, bound, -2), ['same-later', 'other', 'same-later', 'give-up'])
    assert.deepEqual(decisions(refused, bound, -3), ['other', 'other', 'other', 'give-up'])
  })

  test('is never left where the negative number reaches before the first retry', () => {
    for (const redispatch of [-4, -5, -100]) {
      assert.deepEqual(decisions(refused, bound, redispatch), ['same-later', 'same-later', 'same-later', 'give-up'])
    }
  })

  test('is tried with a pause to the last where there is no other', () => {
    for (const redispatch of [-1, 1, 2]) {
      assert.deepEqual(decisions(refused, alone, redispatch), ['same-later', 'same-later', 'same-later', 'give-up'])
    }
  })

  test('is left at once when it is down, whatever binds the exchange', () => {
    const down = { ...bound, isServerUp: false }
    assert.equal(decideRetry(refused, down, { retries: 3, redispatch: -1 }), 'other')
    assert.equal(decideRetry(refused, { ...down, hasOther: false }, { retries: 3, redispatch: -1 }), 'other')
    assert.equal(decideRetry(refused, down, { retries: 3, redispatch: 0 }), 'same-later')
  })

  test('gets one try with retries 0', () => {
    assert.deepEqual(decisions(refused, free, -1, { retries: 0 }), ['give-up'])
  })
})

describe('a server that does not answer in time', () => {
  test('is tried again without a pause: the time has passed already', () => {
    assert.deepEqual(decisions(timedOut, bound, 0), ['same', 'same', 'same', 'give-up'])
    assert.deepEqual(decisions(timedOut, alone, -1), ['same', 'same', 'same', 'give-up'])
    assert.deepEqual(decisions(timedOut, bound, -1), ['same', 'same', 'other', 'give-up'])
    assert.deepEqual(decisions(timedOut, free, -1), ['other', 'other', 'other', 'give-up'])
  })
})

describe('a request that was sent', () => {
  const policy = { retries: 3, redispatch: -1 }

  test('is sent again at once when a reused connection died under it, elsewhere where that may be', () => {
    assert.deepEqual(decisions(deadReused, free, -1), ['other', 'other', 'other', 'give-up'])
    assert.deepEqual(decisions(deadReused, bound, -1), ['same', 'same', 'other', 'give-up'])
    assert.deepEqual(decisions(deadReused, alone, -1), ['same', 'same', 'same', 'give-up'])
    assert.deepEqual(decisions(deadReused, free, 0), ['same', 'same', 'same', 'give-up'])
  })

  test('is not sent again when that might have an effect twice', () => {
    assert.equal(decideRetry(deadReused, { ...free, isReplayable: false }, policy), 'give-up')
  })

  test('is not sent again when the connection was fresh', () => {
    assert.equal(decideRetry({ ...deadReused, reused: false }, free, policy), 'give-up')
  })

  test('is not sent again after anything of an answer came', () => {
    assert.equal(decideRetry({ kind: 'bad-response', sent: true, reused: true }, free, policy), 'give-up')
  })

  test('is not sent again when the retries are used up', () => {
    assert.equal(decideRetry(deadReused, { ...free, used: 3 }, policy), 'give-up')
  })
})

test('what no server can help with is not tried again', () => {
  const policy = { retries: 3, redispatch: -1 }
  assert.equal(decideRetry({ kind: 'unsupported', sent: false, reused: false }, free, policy), 'give-up')
  assert.equal(decideRetry({ kind: 'internal', sent: false, reused: false }, free, policy), 'give-up')
})

test('methods that may be repeated are those of RFC 9110 9.2.2', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) assert.equal(isIdempotent(method), true)
  for (const method of ['POST', 'PATCH', 'CONNECT', 'get', 'PURGE', '']) assert.equal(isIdempotent(method), false)
})

test('there are never more tries than retries and one, whatever fails and however', () => {
  const failures = fc.record({
    kind: fc.constantFrom<TryFailure['kind']>(
      'connect-refused',
      'connect-timeout',
      'server-closed',
      'bad-response',
      'unsupported',
      'internal',
    ),
    sent: fc.boolean(),
    reused: fc.boolean(),
  })
  const state = fc.record({
    isReplayable: fc.boolean(),
    isServerUp: fc.boolean(),
    hasOther: fc.boolean(),
    isFree: fc.boolean(),
  })
  const policy = fc.record({ retries: fc.integer({ min: 0, max: 20 }), redispatch: fc.integer({ min: -25, max: 25 }) })
  fc.assert(
    fc.property(fc.infiniteStream(fc.tuple(failures, state)), policy, (stream, { retries, redispatch }) => {
      let tries = 1
      for (const [failure, now] of stream) {
        const decision = decideRetry(failure, { ...now, used: tries - 1 }, { retries, redispatch })
        if (decision === 'give-up') break
        if (failure.sent) assert.ok(failure.reused && now.isReplayable, 'a request that was sent is repeated')
        tries++
      }
      assert.ok(tries <= retries + 1)
    }),
  )
})
