import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatBytes, formatCount, formatDuration } from '../../src/stats/page-format.js'

test('bytes take the unit that leaves three digits', () => {
  assert.deepEqual([0, 512, 999, 1000, 1024, 1536].map(formatBytes), [
    '0 B',
    '512 B',
    '999 B',
    '0.98 KiB',
    '1.00 KiB',
    '1.50 KiB',
  ])
  assert.deepEqual([10 * 2 ** 20, 999 * 2 ** 20, 2 ** 60].map(formatBytes), ['10.0 MiB', '999 MiB', '1024 PiB'])
})

test('counts stay whole as long as five digits hold them', () => {
  assert.deepEqual([0, 99_999, 100_000, 4_560_000, 999_999].map(formatCount), ['0', '99999', '100k', '4.56M', '1.00M'])
})

test('durations show their two largest units', () => {
  const second = 1000
  const hour = 3600 * second
  assert.deepEqual([0, 0.4, 12.9, 999.9].map(formatDuration), ['0s', '0.4 ms', '12 ms', '999 ms'])
  assert.deepEqual([second, 61 * second, 2 * hour, 76 * hour].map(formatDuration), ['1s', '1m 1s', '2h', '3d 4h'])
})

test('whatever is counted stays narrow enough for its column', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
      assert.ok(formatCount(value).length <= 5, formatCount(value))
      assert.ok(formatBytes(value).length <= 8, formatBytes(value))
    }),
  )
})
