import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OptionError } from '../../src/util/errors.js'
import { OptionReader, readDuration, readName, readSize } from '../../src/util/options.js'

function refuses(call: () => unknown, path: string): void {
  assert.throws(
    call,
    (error) => error instanceof OptionError && error.code === 'ERR_EVENKEEL_OPTION' && error.path === path,
  )
}

describe('readDuration', () => {
  test('takes milliseconds, and strings with the suffixes of HAProxy', () => {
    const cases = {
      '250': 250,
      '0': 0,
      '1500us': 1.5,
      '20ms': 20,
      '5s': 5000,
      '1.5s': 1500,
      '2m': 120_000,
      '3h': 10_800_000,
      '1d': 86_400_000,
    }
    for (const [text, ms] of Object.entries(cases)) assert.equal(readDuration(text, 'timeout'), ms, text)
    assert.equal(readDuration(250, 'timeout'), 250)
    assert.equal(readDuration(0, 'timeout'), 0)
    assert.equal(readDuration(2 ** 31 - 1, 'timeout'), 2 ** 31 - 1)
  })

  test('refuses what is no time, or longer than HAProxy’s longest', () => {
    for (const value of [
      -1,
      Number.NaN,
      Infinity,
      2 ** 31,
      '25d',
      '5 s',
      '5S',
      's',
      '',
      '-5s',
      '1e3',
      '.5s',
      null,
      true,
      {},
    ]) {
      refuses(() => readDuration(value, 'timeout.connect'), 'timeout.connect')
    }
  })
})

describe('readSize', () => {
  test('takes bytes, and strings in powers of 1024', () => {
    const cases = { '0': 0, '100': 100, '16k': 16_384, '2m': 2_097_152, '1g': 1_073_741_824 }
    for (const [text, bytes] of Object.entries(cases)) assert.equal(readSize(text, 'size'), bytes, text)
    assert.equal(readSize(100, 'size'), 100)
  })

  test('refuses what is no size', () => {
    for (const value of [-1, 1.5, Number.NaN, Infinity, '1.5k', '1K', '1kb', '', '9999999999999999g', null, []]) {
      refuses(() => readSize(value, 'size'), 'size')
    }
  })
})

test('readName takes HAProxy’s alphabet', () => {
  assert.equal(readName('app-1.eu_west:A', 'name'), 'app-1.eu_west:A')
  for (const value of ['', 'a b', 'a/b', 'é', '__proto__', 5, undefined]) refuses(() => readName(value, 'name'), 'name')
})

describe('OptionReader', () => {
  test('reads members by kind, and gives undefined for those that are absent or undefined', () => {
    const reader = new OptionReader(
      { on: false, name: 'x', count: 3, mode: 'tcp', wait: '5s', size: '1k', gone: undefined, raw: null },
      'backends.app',
    )
    assert.equal(reader.boolean('on'), false)
    assert.equal(reader.string('name'), 'x')
    assert.equal(reader.integer('count', 0, 3), 3)
    assert.equal(reader.oneOf('mode', ['http', 'tcp']), 'tcp')
    assert.equal(reader.duration('wait'), 5000)
    assert.equal(reader.size('size'), 1024)
    assert.equal(reader.raw('raw'), null)
    for (const absent of ['gone', 'absent']) {
      assert.equal(reader.boolean(absent), undefined)
      assert.equal(reader.string(absent), undefined)
      assert.equal(reader.integer(absent, 0, 1), undefined)
      assert.equal(reader.oneOf(absent, ['a']), undefined)
      assert.equal(reader.duration(absent), undefined)
      assert.equal(reader.size(absent), undefined)
      assert.equal(
        reader.nested(absent, () => assert.fail('absent')),
        undefined,
      )
      assert.equal(
        reader.read(absent, () => assert.fail('absent')),
        undefined,
      )
    }
    reader.end()
  })

  test('refuses a member of the wrong kind or out of range, by its path', () => {
    const bad: [string, unknown, (reader: OptionReader) => unknown][] = [
      ['boolean', 1, (reader) => reader.boolean('x')],
      ['boolean null', null, (reader) => reader.boolean('x')],
      ['string', 5, (reader) => reader.string('x')],
      ['empty string', '', (reader) => reader.string('x')],
      ['integer as text', '5', (reader) => reader.integer('x', 0, 9)],
      ['fraction', 1.5, (reader) => reader.integer('x', 0, 9)],
      ['too small', -1, (reader) => reader.integer('x', 0, 9)],
      ['too large', 10, (reader) => reader.integer('x', 0, 9)],
      ['word', 'udp', (reader) => reader.oneOf('x', ['http', 'tcp'])],
      ['duration', 'soon', (reader) => reader.duration('x')],
      ['size', 'big', (reader) => reader.size('x')],
      ['nested', 5, (reader) => reader.nested('x', () => undefined)],
      ['nested array', [], (reader) => reader.nested('x', () => undefined)],
    ]
    for (const [name, value, read] of bad) {
      assert.throws(
        () => read(new OptionReader({ x: value }, 'backends.app')),
        { code: 'ERR_EVENKEEL_OPTION', path: 'backends.app.x', value },
        name,
      )
    }
  })

  test('says what it takes: the words of a choice, the bounds of a number', () => {
    assert.throws(() => new OptionReader({ mode: 'udp' }, 'a').oneOf('mode', ['http', 'tcp']), {
      message: `a.mode: got "udp", takes one of 'http', 'tcp'`,
    })
    assert.throws(() => new OptionReader({ n: 300 }, 'a').integer('n', 0, 256), {
      message: 'a.n: got 300, takes a whole number, from 0 to 256',
    })
    assert.throws(() => new OptionReader({ n: -1 }, 'a').integer('n', 0, Number.MAX_SAFE_INTEGER), {
      message: 'a.n: got -1, takes a whole number, 0 or more',
    })
  })

  test('refuses options that nobody read, naming those that were', () => {
    const reader = new OptionReader({ weight: 1, wieght: 2 }, 'servers[1]')
    reader.integer('weight', 0, 256)
    reader.string('name')
    assert.throws(() => reader.end(), { path: 'servers[1].wieght', value: 2, message: /known here: name, weight$/ })
  })

  test('refuses unknown members of nested options too, and gives the path from the top', () => {
    const options = { check: { http: { path: '/', metod: 'GET' } } }
    const read = () =>
      new OptionReader(options, '').nested('check', (check) => check.nested('http', (http) => http.string('path')))
    refuses(read, 'check.http.metod')
  })

  test('gives what the reader of nested options made', () => {
    assert.equal(
      new OptionReader({ check: { rise: 3 } }, '').nested('check', (check) => check.integer('rise', 1, 9)),
      3,
    )
  })

  test('refuses anything but an object', () => {
    for (const value of [null, undefined, 'x', 5, [], () => {}])
      refuses(() => new OptionReader(value, 'defaults'), 'defaults')
  })
})

describe('OptionError', () => {
  test('shows what came, without pouring it out', () => {
    const shown = (value: unknown) =>
      new OptionError('a.b', value, 'x').message.replace(/^a\.b: got (.*), takes x$/, '$1')
    assert.equal(shown('text'), '"text"')
    assert.equal(shown('y'.repeat(200)).length, 83)
    assert.equal(shown([1, 2]), 'an array of 2')
    assert.equal(shown({}), 'an object (Object)')
    assert.equal(shown(new Map()), 'an object (Map)')
    assert.equal(shown(Object.create(null)), 'an object (no prototype)')
    assert.equal(
      shown(() => {}),
      'a function',
    )
    assert.equal(shown(null), 'null')
    assert.equal(shown(undefined), 'undefined')
    assert.equal(shown(Number.NaN), 'NaN')
    assert.equal(shown(Symbol('s')), 'Symbol(s)')
  })
})
