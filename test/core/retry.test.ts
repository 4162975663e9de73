import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  decideRetry,
  isRepeatable,
  type RetryCause,
  type RetryDecision,
  type RetryState,
} from '../../src/core/retry.js'
import { type RetryOn, type RetryOptions, type RetryPolicy, readRetryPolicy } from '../../src/core/retry-options.js'
import { method } from '../../src/rules/samples.js'
import { OptionReader } from '../../src/util/options.js'
import { view } from '../rules/views.js'

const refused: RetryCause = { kind: 'connect-refused', sent: false, reused: false }
const timedOut: RetryCause = { kind: 'connect-timeout', sent: false, reused: false }
const deadReused: RetryCause = { kind: 'server-closed', sent: true, reused: true }
const closed: RetryCause = { kind: 'server-closed', sent: true, reused: false }
const junk: RetryCause = { kind: 'bad-response', sent: true, reused: false }
const silent: RetryCause = { kind: 'server-timeout', sent: true, reused: false }
const unwanted: RetryCause = { kind: 'unwanted', sent: true, reused: false }

/** The policy that a backend has with these options. */
function policyOf(options: RetryOptions = {}): RetryPolicy {
  return readRetryPolicy(new OptionReader(options, 'backends.app'))
}

/** An exchange that something binds to its server, one of two. */
const bound: RetryState = { used: 0, isReplayable: true, isServerUp: true, hasOther: true, isFree: false }
/** An exchange that any server may take. */
const free: RetryState = { ...bound, isFree: true }
/** One that has nowhere else to go. */
const alone: RetryState = { ...bound, hasOther: false }

/** The decisions for one retry after the other, up to the last. */
function decisions(
  cause: RetryCause,
  state: RetryState,
  redispatch: number,
  options: RetryOptions = {},
): readonly RetryDecision[] {
  const policy = policyOf({ ...options, redispatch })
  const all: RetryDecision[] = []
  for (let used = 0; used <= policy.retries; used++) all.push(decideRetry(cause, { ...state, used }, policy))
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
    assert.equal(decideRetry(refused, down, policyOf()), 'other')
    assert.equal(decideRetry(refused, { ...down, hasOther: false }, policyOf()), 'other')
    assert.equal(decideRetry(refused, down, policyOf({ redispatch: false })), 'same-later')
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
  const policy = policyOf()

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
  const policy = policyOf()
  assert.equal(decideRetry({ kind: 'unsupported', sent: false, reused: false }, free, policy), 'give-up')
  assert.equal(decideRetry({ kind: 'internal', sent: false, reused: false }, free, policy), 'give-up')
})

/** What each word of `retryOn` covers: nothing else of the rest. */
const covered: readonly (readonly [RetryOn, readonly RetryCause[]])[] = [
  ['none', []],
  ['conn-failure', [refused, timedOut, deadReused]],
  ['empty-response', [deadReused, closed]],
  ['junk-response', [junk]],
  ['response-timeout', [silent]],
  ['all-retryable-errors', [refused, timedOut, deadReused, closed, junk, silent]],
  [503, []],
]

for (const [word, causes] of covered) {
  test(`retryOn ${word} covers what it says, and no more`, () => {
    const policy = policyOf({ retryOn: word })
    const all = [refused, timedOut, deadReused, closed, junk, silent]
    assert.deepEqual(
      all.filter((cause) => decideRetry(cause, free, policy) !== 'give-up'),
      causes,
    )
  })
}

describe('a try that came to nothing after the request was sent', () => {
  const policy = policyOf({ retryOn: ['all-retryable-errors', 404] })

  test('is repeated without a pause, on the servers that a failed connection leads to', () => {
    for (const cause of [closed, junk, silent, unwanted]) {
      const retryOn = 'all-retryable-errors'
      assert.deepEqual(decisions(cause, free, -1, { retryOn }), ['other', 'other', 'other', 'give-up'])
      assert.deepEqual(decisions(cause, bound, -1, { retryOn }), ['same', 'same', 'other', 'give-up'])
      assert.deepEqual(decisions(cause, bound, 1, { retryOn }), ['other', 'other', 'other', 'give-up'])
      assert.deepEqual(decisions(cause, free, 0, { retryOn }), ['same', 'same', 'same', 'give-up'])
    }
  })

  test('is not repeated when the request is not to be sent twice, while a failed connection is', () => {
    const state = { ...free, isReplayable: false }
    for (const cause of [closed, junk, silent, unwanted, deadReused]) {
      assert.equal(decideRetry(cause, state, policy), 'give-up')
    }
    assert.equal(decideRetry(refused, state, policy), 'other')
  })
})

describe('a request that may be sent twice', () => {
  const repeatable = (name: string, options: RetryOptions): boolean =>
    isRepeatable(view({ method: name, fields: ['Host', 'a.test'] }), policyOf(options))

  test('is by default one whose method RFC 9110 9.2.2 calls idempotent', () => {
    for (const name of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) assert.equal(repeatable(name, {}), true)
    for (const name of ['POST', 'PATCH', 'CONNECT', 'get', 'PURGE']) assert.equal(repeatable(name, {}), false)
    assert.equal(repeatable('PUT', { retryMethods: 'idempotent' }), true)
    assert.equal(repeatable('POST', { retryMethods: 'idempotent' }), false)
  })

  test('is one of the methods that are named, or of any', () => {
    assert.equal(repeatable('POST', { retryMethods: ['GET', 'POST'] }), true)
    assert.equal(repeatable('PUT', { retryMethods: ['GET', 'POST'] }), false)
    assert.equal(repeatable('GET', { retryMethods: [] }), false)
    for (const name of ['GET', 'POST', 'PURGE']) assert.equal(repeatable(name, { retryMethods: 'any' }), true)
  })

  test('is none for which the condition is true', () => {
    const retryUnless = method.is('DELETE')
    assert.equal(repeatable('DELETE', { retryUnless }), false)
    assert.equal(repeatable('GET', { retryUnless }), true)
    assert.equal(repeatable('POST', { retryUnless }), false)
    assert.equal(repeatable('POST', { retryUnless, retryMethods: 'any' }), true)
  })
})

test('there are never more tries than retries and one, and none that the rules forbid, whatever fails and however', () => {
  const failures = fc.record({
    kind: fc.constantFrom<RetryCause['kind']>(
      'connect-refused',
      'connect-timeout',
      'server-closed',
      'bad-response',
      'server-timeout',
      'unwanted',
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
  const options = fc.record({
    retries: fc.integer({ min: 0, max: 20 }),
    redispatch: fc.integer({ min: -25, max: 25 }),
    retryOn: fc.constantFrom<RetryOn>('none', 'conn-failure', 'empty-response', 'all-retryable-errors'),
  })
  fc.assert(
    fc.property(fc.infiniteStream(fc.tuple(failures, state)), options, (stream, chosen) => {
      const policy = policyOf(chosen)
      let tries = 1
      for (const [failure, now] of stream) {
        const decision = decideRetry(failure, { ...now, used: tries - 1 }, policy)
        if (decision === 'give-up') break
        if (failure.sent) assert.ok(now.isReplayable, 'a request that was sent is repeated')
        if (policy.redispatch === 0) assert.notEqual(decision, 'other')
        tries++
      }
      assert.ok(tries <= policy.retries + 1)
    }),
  )
})
