import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { header } from '../../src/rules/samples.js'
import { tcpView, view } from './views.js'

/** The view of a request with these values of X, each in a field of its own. */
function withX(...values: string[]) {
  return view({
    fields: ['Host', 'a.test', ...values.flatMap((value, i) => [i % 2 === 0 ? 'X' : 'x', value]), 'Y', 'y'],
  })
}

describe('header', () => {
  test('tries every element of every field of the name', () => {
    const isB = header('X').is('b')
    for (const values of [['b'], ['a, b'], ['a', 'b'], ['a,b,c'], ['a \t,\t b ,c'], ['a', 'c, d', 'e,b']]) {
      assert.equal(isB(withX(...values)), true, values.join(' | '))
    }
    for (const values of [[], ['B'], ['ab'], ['a b'], ['b c'], ['a,bc', 'cb']]) {
      assert.equal(isB(withX(...values)), false, values.join(' | '))
    }
  })

  test('applies every matcher to the element, not to the field', () => {
    const request = withX('text/html, image/png;q=0.5')
    assert.equal(header('x').startsWith('image/')(request), true)
    assert.equal(header('x').endsWith('/html')(request), true)
    assert.equal(header('x').contains('png;q')(request), true)
    assert.equal(header('x').contains('html, image')(request), false)
    assert.equal(header('x').matches(/^image\/\w+;q=0\.5$/)(request), true)
    assert.equal(header('x').ignoreCase.is('TEXT/HTML')(request), true)
  })

  test('does not split within quotes, in which a backslash takes the next character', () => {
    assert.equal(header('x').is('"a, b"')(withX('"a, b", c')), true)
    assert.equal(header('x').is('c')(withX('"a, b", c')), true)
    assert.equal(header('x').is('b"')(withX('"a, b"')), false)
    assert.equal(header('x').is('"a\\", b"')(withX('"a\\", b"')), true)
    assert.equal(header('x').is('b"')(withX('a, b"')), true)
    assert.equal(header('x').is('a\\')(withX('a\\, c')), true)
    assert.equal(header('x').is('"a, c')(withX('"a, c')), true)
  })

  test('counts empty elements, and an empty field as one', () => {
    const isEmpty = header('x').is('')
    for (const value of ['', 'a,', ',a', 'a,,b', ' , a']) assert.equal(isEmpty(withX(value)), true, value)
    assert.equal(isEmpty(withX('a, b')), false)
    assert.equal(isEmpty(withX()), false)
    assert.equal(header('x').exists()(withX('')), true)
  })

  test('keeps the bytes of text that is not ASCII', () => {
    // The UTF-8 of 'à' read as latin1: its second byte is a blank to String.prototype.trim.
    assert.equal(header('x').is('\u00c3\u00a0')(withX('a, \u00c3\u00a0')), true)
  })

  test('whole compares each field with its commas', () => {
    const request = withX('Sun, 06 Nov 1994 08:49:37 GMT', 'Mon, x')
    assert.equal(header('x').whole.is('Mon, x')(request), true)
    assert.equal(header('x').whole.startsWith('Sun, 06')(request), true)
    assert.equal(header('x').whole.is('Sun')(request), false)
    assert.equal(header('x').whole.ignoreCase.contains('sun, 06')(request), true)
    assert.equal(header('x').whole.exists()(request), true)
    assert.equal(header('x').whole.exists()(withX()), false)
  })

  test('is missing when there is no such field, and in TCP mode', () => {
    assert.equal(header('z').exists()(withX('a')), false)
    assert.equal(header('z').matches(/(?:)/)(withX('a')), false)
    assert.equal(header('host').exists()(tcpView()), false)
  })

  test('splits any list as one character at a time would', () => {
    const value = fc
      .array(fc.constantFrom('a', 'b', ',', ', ', '"', '\\', ' ', '\t', 'b,'), { maxLength: 12 })
      .map((parts) => parts.join(''))
    let split = 0
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (values) => {
        const elements = values.flatMap(elementsOf)
        if (elements.length > values.length) split++
        const request = withX(...values)
        for (const element of [...elements, 'a', 'b', '']) {
          assert.equal(header('x').is(element)(request), elements.includes(element), JSON.stringify([values, element]))
        }
      }),
      { seed: 23, numRuns: 2000 },
    )
    assert.ok(split > 500)
  })
})

/** The elements of a list by HAProxy's rule, one character at a time. A value alone is as it was received. */
function elementsOf(list: string): string[] {
  const elements = ['']
  let quoted = false
  let escaped = false
  for (const character of list) {
    if (!quoted && character === ',') {
      elements.push('')
      continue
    }
    elements[elements.length - 1] += character
    if (escaped) escaped = false
    else if (quoted && character === '\\') escaped = true
    else if (character === '"') quoted = !quoted
  }
  return elements.length === 1 ? elements : elements.map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''))
}
