import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OptionError } from '../../src/index.js'
import { cookie } from '../../src/rules/samples.js'
import { tcpView, view } from './views.js'

function withCookies(...fields: string[]) {
  return view({ fields: ['Host', 'a.test', ...fields.flatMap((field) => ['Cookie', field])] })
}

describe('cookie', () => {
  test('tries every cookie of the name in every field, and nothing else', () => {
    const isOne = cookie('SID').is('one')
    for (const fields of [['SID=one'], ['SID=one; SID=two'], ['x=1', 'SID=two;SID = one ; y'], ['x=1,SID=one']]) {
      assert.equal(isOne(withCookies(...fields)), true, fields.join(' | '))
    }
    for (const fields of [
      [],
      ['sid=one'],
      ['SIDX=one'],
      ['x="; SID=one"'],
      ['$SID=one'],
      ['x=SID=one'],
      ['SID="one"'],
    ]) {
      assert.equal(isOne(withCookies(...fields)), false, fields.join(' | '))
    }
  })

  test('has the value of the last one, none for one that is empty', () => {
    const { value } = cookie('SID')
    assert.equal(value(withCookies('SID=a; SID=b', 'x=1; SID=c; y=2')), 'c')
    assert.equal(value(withCookies('SID="a;b"')), '"a;b"')
    for (const field of ['', 'SID=', 'SID', 'x=1']) {
      assert.equal(value(withCookies(field)), undefined)
      assert.equal(cookie('SID').exists()(withCookies(field)), false)
    }
    assert.equal(value(tcpView()), undefined)
  })

  test('says in words what it asks', () => {
    assert.equal(cookie('SID').startsWith('a').description, 'cookie SID starts with a')
    assert.equal(cookie('SID').ignoreCase.is('a').description, 'cookie SID (in any case) is a')
    assert.throws(() => cookie('SID').startsWith(''), { path: "cookie('SID').startsWith(arguments[0])" })
  })

  test('refuses what can be no name', () => {
    for (const name of ['', 'a b', 'a=b', 'a;b', 5 as unknown as string]) {
      assert.throws(
        () => cookie(name),
        (error: unknown) => error instanceof OptionError && error.path === 'cookie(arguments[0])',
      )
    }
  })
})
