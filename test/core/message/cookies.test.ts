import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CookieScanner, withoutCookie } from '../../../src/core/message/cookies.js'

function scanned(text: string): (readonly [name: string, value: string | undefined])[] {
  const scanner = new CookieScanner(text)
  const cookies: (readonly [string, string | undefined])[] = []
  while (scanner.next()) {
    const name = text.slice(scanner.nameStart, scanner.nameEnd)
    cookies.push([name, scanner.hasValue ? scanner.value : undefined])
  }
  return cookies
}

describe('a Cookie field', () => {
  const fields: Readonly<Record<string, readonly (readonly [string, string | undefined])[]>> = {
    'a=1': [['a', '1']],
    'a=1; b=2': [
      ['a', '1'],
      ['b', '2'],
    ],
    'a=1;b=2,c=3': [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
    ' a = 1 2 \t; b': [
      ['a', '1 2'],
      ['b', undefined],
    ],
    'a==1=; b=': [
      ['a', '=1='],
      ['b', ''],
    ],
    'a="1;b=2,\\";"; c=3': [
      ['a', '"1;b=2,\\";"'],
      ['c', '3'],
    ],
    'a=1"; b=2"; c=3': [
      ['a', '1"; b=2"'],
      ['c', '3'],
    ],
    'a="1; b=2': [['a', '"1; b=2']],
    'a="1\\': [['a', '"1\\']],
    ';; a=1;': [
      ['', undefined],
      ['', undefined],
      ['a', '1'],
      ['', undefined],
    ],
    '=1; a=2': [
      ['', '1'],
      ['a', '2'],
    ],
    '': [['', undefined]],
  }
  for (const [field, cookies] of Object.entries(fields)) {
    test(`is taken apart: ${field}`, () => assert.deepEqual(scanned(field), cookies))
  }
})

describe('a Cookie field without one of its cookies', () => {
  const rests: Readonly<Record<string, string>> = {
    'S=1': '',
    'S=1; a=2': 'a=2',
    'a=2; S=1': 'a=2',
    'a=2; S=1; b=3': 'a=2; b=3',
    'a=2;S=1;b=3': 'a=2; b=3',
    'a=2;  S=1  ;  b=3;c=4': 'a=2; b=3;c=4',
    'a=2 ; S=1': 'a=2',
    'a=2, S=1, b=3': 'a=2, b=3',
    'S=1; S=2': '',
    'S=1; a=2; S=3; b=4; S=5': 'a=2; b=4',
    'a=2; S=1; S=3; b=4': 'a=2; b=4',
    'S = 1; a = 2': 'a = 2',
    'S=1;': '',
    'S; S=1; T': 'S; T',
    's=1; XS=2; SX=3': 's=1; XS=2; SX=3',
    'a="S=1;S=2"; S=3': 'a="S=1;S=2"',
    'a=1; S=2; $Path=/; b=3': 'a=1; b=3',
    '$Version=1; S=2; $Path=/': '',
    '; S=1; ;a=2': ';a=2',
  }
  for (const [field, rest] of Object.entries(rests)) {
    test(`${field} is ${rest === '' ? 'nothing' : rest}`, () => assert.equal(withoutCookie(field, 'S'), rest))
  }

  const name = fc.constantFrom('S', 'a', 'b', 'XS', 's')
  const value = fc.stringMatching(/^(?:[!#-+\--:<-~]{0,4}|"[ -!#-[\]-~]{0,4}")$/)
  const gap = fc.constantFrom('; ', ';', ' ; ', ', ', ';  ')
  const pair = fc.record({ name, value, gap })

  test('has all the others, in their order, and none of it', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
        const field = pairs.map(({ name, value, gap }, index) => `${index === 0 ? '' : gap}${name}=${value}`).join('')
        const rest = withoutCookie(field, 'S')
        const others = pairs.filter(({ name }) => name !== 'S').map(({ name, value }) => [name, value])
        assert.deepEqual(
          scanned(rest).filter(([name]) => name !== ''),
          others,
        )
        if (others.length === pairs.length) assert.equal(rest, field)
        if (others.length === 0) assert.equal(rest, '')
      }),
      { seed: 5, numRuns: 2000 },
    )
  })

  test('is what was there already when it is taken out again, whatever the bytes', () => {
    const text = fc.stringMatching(/^[S=;," \\ta$\\]{0,16}$/)
    fc.assert(
      fc.property(text, (field) => {
        const rest = withoutCookie(field, 'S')
        assert.equal(withoutCookie(rest, 'S'), rest)
        assert.ok(rest.length <= field.length + 1)
      }),
      { seed: 5, numRuns: 5000 },
    )
  })
})
