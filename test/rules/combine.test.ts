import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { all, any, not } from '../../src/rules/combine.js'
import type { Condition } from '../../src/rules/condition.js'
import { method, path, source } from '../../src/rules/samples.js'
import { view } from './views.js'

const yes = () => true
const no = () => false
const never = () => assert.fail('must not be asked')

describe('any', () => {
  test('is true when one condition is, and asks no further', () => {
    assert.equal(any(no, yes, never)(view()), true)
    assert.equal(any(no, no)(view()), false)
    assert.equal(any(yes)(view()), true)
  })
})

describe('all', () => {
  test('is true when every condition is, and asks no further than the first that is not', () => {
    assert.equal(all(yes, yes)(view()), true)
    assert.equal(all(yes, no, never)(view()), false)
    assert.equal(all(no)(view()), false)
  })
})

describe('not', () => {
  test('is true when the condition is false', () => {
    assert.equal(not(no)(view()), true)
    assert.equal(not(yes)(view()), false)
  })
})

test('combinations nest, take samples and plain functions, and say what they ask', () => {
  const isOffice: Condition = source.in('10.0.0.0/8')
  const condition = all(
    any(path.startsWith('/static', '/images'), path.ignoreCase.endsWith('.jpg')),
    not(isOffice),
    function isEarly() {
      return true
    },
    () => true,
  )
  assert.equal(condition(view({ target: '/a.JPG' })), true)
  assert.equal(condition(view({ target: '/a.JPG', source: '10.1.1.1' })), false)
  assert.equal(condition(view({ target: '/a.png' })), false)
  assert.equal(
    condition.description,
    'all of (any of (path starts with /static or /images, path (in any case) ends with .jpg), ' +
      'not (source in 10.0.0.0/8), isEarly, a function)',
  )
})

test('a condition within a combination must give a boolean too: a promise would count as true', () => {
  const promising = (async () => false) as unknown
  const condition = promising as Condition
  for (const combined of [any(condition), all(condition), not(condition)]) {
    assert.throws(() => combined(view()), { code: 'ERR_EVENKEEL_CALLBACK', message: /promise/ })
  }
})

test('what is no condition is refused by its place, and so is nothing at all', () => {
  const wrong: unknown[] = [path, 'path', true, null, undefined, path.is('/x')(view())]
  for (const value of wrong) {
    const condition = value as Condition
    assert.throws(() => any(yes, condition), { code: 'ERR_EVENKEEL_OPTION', path: 'any(arguments[1])', value })
    assert.throws(() => all(condition), { code: 'ERR_EVENKEEL_OPTION', path: 'all(arguments[0])', value })
    assert.throws(() => not(condition), { code: 'ERR_EVENKEEL_OPTION', path: 'not(arguments[0])', value })
  }
  assert.throws(() => any(), { code: 'ERR_EVENKEEL_OPTION', path: 'any(arguments)' })
  assert.throws(() => all(), { code: 'ERR_EVENKEEL_OPTION', path: 'all(arguments)' })
})

test('a list that the caller changes later changes no condition', () => {
  const conditions: Condition[] = [no]
  const combined = any(...conditions)
  conditions.push(method.is('GET'))
  assert.equal(combined(view()), false)
})
