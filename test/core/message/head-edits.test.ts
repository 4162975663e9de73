import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeadEdits } from '../../../src/core/message/head-edits.js'
import { RawRequestHead } from '../../../src/core/message/raw-head.js'

const head = new RawRequestHead('GET', '/', 1, ['Host', 'a.test', 'X-A', '1', 'x-a', '2', 'X-B', '3'])

describe('HeadEdits', () => {
  test('add appends after the received fields, also when there are some of that name', () => {
    const edits = new HeadEdits()
    edits.add('X-A', '9')
    edits.add('X-A', '9')
    assert.deepEqual(head.forwardedList([edits]), [
      ...['Host', 'a.test', 'X-A', '1', 'x-a', '2', 'X-B', '3'],
      ...['X-A', '9', 'X-A', '9'],
    ])
  })

  test('remove takes out every field of the name in any case, received or added before, and not later ones', () => {
    const edits = new HeadEdits()
    edits.add('x-A', 'early')
    edits.add('X-C', 'stays')
    edits.remove('X-a')
    edits.remove('X-a')
    edits.add('X-A', 'late')
    assert.deepEqual(head.forwardedList([edits]), ['Host', 'a.test', 'X-B', '3', 'X-C', 'stays', 'X-A', 'late'])
    assert.deepEqual(edits.removed, ['x-a'])
  })

  test('set puts one field in the place of all', () => {
    const edits = new HeadEdits()
    edits.set('X-A', 'first')
    edits.set('x-a', 'second')
    assert.deepEqual(head.forwardedList([edits]), ['Host', 'a.test', 'X-B', '3', 'x-a', 'second'])
  })

  test('a later layer takes out what an earlier one added, and an earlier one never what a later one adds', () => {
    const [exchange, attempt] = [new HeadEdits(), new HeadEdits()]
    exchange.set('X-A', 'exchange')
    exchange.add('X-D', 'exchange')
    attempt.remove('x-d')
    attempt.add('X-A', 'try')
    assert.deepEqual(head.forwardedList([exchange, attempt]), [
      'Host',
      'a.test',
      'X-B',
      '3',
      'X-A',
      'exchange',
      'X-A',
      'try',
    ])
    attempt.set('X-A', 'try alone')
    assert.deepEqual(head.forwardedList([exchange, attempt]), ['Host', 'a.test', 'X-B', '3', 'X-A', 'try alone'])
    exchange.remove('X-B')
    attempt.clear()
    attempt.add('X-B', 'new')
    assert.deepEqual(head.forwardedList([exchange, attempt]), [
      ...['Host', 'a.test', 'X-A', 'exchange', 'X-D', 'exchange', 'X-B', 'new'],
    ])
  })

  test('rewrite gives one received field a new value in its place, or takes it out, and leaves the others', () => {
    const edits = new HeadEdits()
    edits.rewrite('X-A', 1, 'new')
    assert.deepEqual(head.forwardedList([edits]), ['Host', 'a.test', 'X-A', '1', 'x-a', 'new', 'X-B', '3'])
    edits.rewrite('x-a', 0, undefined)
    edits.rewrite('x-a', 7, 'none')
    edits.rewrite('x-none', 0, 'none')
    assert.deepEqual(head.forwardedList([edits]), ['Host', 'a.test', 'x-a', 'new', 'X-B', '3'])
    assert.equal(head.forwardedText([edits]), 'Host: a.test\r\nx-a: new\r\nX-B: 3\r\n')
  })

  test('of rewrites the last layer’s counts, and none brings back what any layer removes', () => {
    const [exchange, attempt] = [new HeadEdits(), new HeadEdits()]
    exchange.rewrite('x-a', 0, 'exchange')
    exchange.rewrite('x-b', 0, 'exchange')
    attempt.rewrite('x-a', 0, 'try')
    attempt.remove('x-b')
    assert.deepEqual(head.forwardedList([exchange, attempt]), ['Host', 'a.test', 'X-A', 'try', 'x-a', '2'])
    attempt.clear()
    assert.deepEqual(head.forwardedList([exchange, attempt]).slice(2), [
      'X-A',
      'exchange',
      'x-a',
      '2',
      'X-B',
      'exchange',
    ])
  })

  test('a value that would end its line is refused', () => {
    assert.throws(() => new HeadEdits().rewrite('x-a', 0, 'a\r\nx-evil: 1'), { code: 'ERR_EVENKEEL_CALLBACK' })
  })

  test('clear forgets everything, and edits never change the head', () => {
    const edits = new HeadEdits()
    edits.set('X-A', 'x')
    edits.remove('Host')
    edits.clear()
    assert.deepEqual(head.forwardedList([edits]), head.forwardedList([]))
    assert.equal(head.get('x-a'), '1')
  })
})
