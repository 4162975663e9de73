import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RetryOptions, type RetryPolicy, readRetryPolicy } from '../../src/core/retry-options.js'
import { OptionError } from '../../src/util/errors.js'
import { OptionReader } from '../../src/util/options.js'

function read(options: RetryOptions): RetryPolicy {
  return readRetryPolicy(new OptionReader(options, 'backends.app'))
}

/** What a `retryOn` asks to try again for. */
function causes(retryOn: RetryOptions['retryOn']): readonly unknown[] {
  const { events, statuses } = read({ retryOn } as RetryOptions)
  return [...events, ...(statuses ?? [])]
}

function refusal(retryOn: unknown): OptionError {
  try {
    causes(retryOn as RetryOptions['retryOn'])
  } catch (error) {
    if (error instanceof OptionError) return error
  }
  throw new Error('it was taken')
}

test('retryOn replaces its default', () => {
  assert.deepEqual(causes(undefined), ['conn-failure'])
  assert.deepEqual(causes('empty-response'), ['empty-response'])
  assert.deepEqual(causes(503), [503])
  assert.deepEqual(causes('none'), [])
  assert.deepEqual(causes(['none']), [])
  assert.deepEqual(causes(['conn-failure', 'response-timeout', 503, 404, 503]), [
    'conn-failure',
    'response-timeout',
    503,
    404,
  ])
})

test('all-retryable-errors stands for every event and the statuses that HAProxy means', () => {
  const all = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', 500, 502, 503, 504]
  assert.deepEqual(causes('all-retryable-errors'), all)
  assert.deepEqual(causes([404, 'all-retryable-errors']), [...all.slice(0, 4), 404, ...all.slice(4)])
})

test('retryOn takes the statuses of HAProxy, and no other', () => {
  const statuses = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504]
  const taken = Array.from({ length: 600 }, (_, status) => status).filter((status) => {
    try {
      return causes(status as 503).length === 1
    } catch {
      return false
    }
  })
  assert.deepEqual(taken, statuses)
})

test('retryOn says why it refuses what HAProxy knows', () => {
  assert.match(refusal('0rtt-rejected').message, /^backends\.app\.retryOn: got "0rtt-rejected", takes .*no early data/)
  assert.match(refusal(['conn-failure', 'none']).message, /^backends\.app\.retryOn\[1\]: got "none", takes .*alone/)
  assert.match(refusal(['conn-failure', 418]).message, /^backends\.app\.retryOn\[1\]: got 418, takes .*501/)
})

test('retryBudget has the defaults that it documents', () => {
  assert.equal(read({}).budget, undefined)
  assert.deepEqual(read({ retryBudget: {} }).budget, { ratio: 0.2, minimumPerSecond: 10 })
  assert.deepEqual(read({ retryBudget: { ratio: 0, minimumPerSecond: 0.5 } }).budget, {
    ratio: 0,
    minimumPerSecond: 0.5,
  })
})

test('replayBuffer takes sizes', () => {
  assert.equal(read({ replayBuffer: '64k' }).replayBuffer, 65_536)
  assert.equal(read({ replayBuffer: 0 }).replayBuffer, 0)
})
