import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeadEdits } from '../../src/core/message/head-edits.js'
import { Frontend } from '../../src/index.js'
import { Visitor } from '../../src/testing/simulation/visitor.js'

function cookies(...values: readonly string[]): HeadEdits[] {
  const edits = new HeadEdits()
  for (const value of values) edits.add('Set-Cookie', value)
  return [edits]
}

describe('a simulated client', () => {
  test('gives back the cookies that it was given, until they are taken back', () => {
    const visitor = new Visitor(1, new Frontend('web'), () => ({ headers: { Accept: '*/*' } }))
    const plain = ['Host', 'simulation.test', 'Accept', '*/*']
    assert.deepEqual(visitor.fields, plain)
    visitor.keepCookies(cookies('SRV=a; path=/', 'id=1'))
    assert.deepEqual(visitor.fields, [...plain, 'Cookie', 'SRV=a; id=1'])
    visitor.keepCookies(cookies('SRV=b; HttpOnly'))
    assert.deepEqual(visitor.fields, [...plain, 'Cookie', 'SRV=b; id=1'])
    visitor.keepCookies(cookies('SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT', 'id=', 'nonsense'))
    assert.deepEqual(visitor.fields, plain)
  })

  test('asks for the host that it is told to', () => {
    const visitor = new Visitor(1, new Frontend('web'), () => ({ headers: { host: 'a.test' } }))
    assert.deepEqual(visitor.fields, ['host', 'a.test'])
  })
})
