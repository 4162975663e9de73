import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { passedFields, receivedFields } from '../../src/undici/fields.js'

const raw = ['X-First', '1', 'Set-Cookie', 'a=1 ', 'X-SECOND', '2\t', 'set-cookie', 'b=\xe9'].map((text) =>
  Buffer.from(text, 'latin1'),
)
const parsed = { 'x-first': '1', 'set-cookie': ['a=1 ', 'b=\xe9'], 'x-second': '2\t' }

describe('fields that undici received', () => {
  test('keep their case, order and bytes, without blanks at their ends', () => {
    const expected = ['X-First', '1', 'Set-Cookie', 'a=1', 'X-SECOND', '2', 'set-cookie', 'b=\xe9']
    assert.deepEqual(receivedFields(raw), expected)
    assert.deepEqual(passedFields(raw, parsed), expected)
  })

  test('are none where there are none', () => {
    for (const none of [undefined, null, [], { a: '1' }]) assert.deepEqual(receivedFields(none), [])
  })
})

describe('fields that have passed interceptors', () => {
  test('have what was changed, and lack what was taken out', () => {
    assert.deepEqual(passedFields(raw, { 'x-second': '3', 'set-cookie': 'c=3' }), [
      'Set-Cookie',
      'c=3',
      'X-SECOND',
      '3',
    ])
  })

  test('have what was added behind the others', () => {
    const passed = passedFields(raw.slice(0, 2), { 'x-first': ['1', '2'], 'x-new': 'n' })
    assert.deepEqual(passed, ['X-First', '1', 'x-first', '2', 'x-new', 'n'])
  })

  test('are those of the mock where nothing was received', () => {
    assert.deepEqual(passedFields(null, { 'X-Count': 5 as never, 'x-list': ['a', 'b'] }), [
      ...['x-count', '5'],
      ...['x-list', 'a', 'x-list', 'b'],
    ])
  })

  test('are refused where they would break out of their line', () => {
    for (const bad of [{ 'x-a': 'a\r\nX-B: b' }, { 'x-a': 'a\nb' }, { 'x a': '1' }, { 'x-a': '\u20ac' }, { '': '1' }]) {
      assert.equal(passedFields(null, bad), undefined, JSON.stringify(bad))
    }
  })
})
