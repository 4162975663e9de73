import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition } from '../../src/rules/condition.js'
import { header, host, method, path, query, source } from '../../src/rules/samples.js'
import type { StringMatcher, StringSample } from '../../src/rules/string-matcher.js'
import { tcpView, view } from './views.js'

/** The targets for which a condition is true. */
function matching(condition: Condition, ...targets: string[]): string[] {
  return targets.filter((target) => condition(view({ target })))
}

describe('path', () => {
  test('is, startsWith, endsWith, contains and matches take any of their values', () => {
    const targets = ['/a', '/a/b.css', '/b.css', '/B.CSS', '/', '/x/a', '/a?q=/b.css']
    assert.deepEqual(matching(path.is('/a'), ...targets), ['/a', '/a?q=/b.css'])
    assert.deepEqual(matching(path.is('/a', '/', '/nothing'), ...targets), ['/a', '/', '/a?q=/b.css'])
    assert.deepEqual(matching(path.startsWith('/a/', '/x'), ...targets), ['/a/b.css', '/x/a'])
    assert.deepEqual(matching(path.endsWith('.css', '.jpg'), ...targets), ['/a/b.css', '/b.css'])
    assert.deepEqual(matching(path.contains('a/b', 'x/a'), ...targets), ['/a/b.css', '/x/a'])
    assert.deepEqual(matching(path.matches(/^\/[ab]$/, /CSS/), ...targets), ['/a', '/B.CSS', '/a?q=/b.css'])
  })

  test('ignoreCase takes upper and lower case for one, in values and in paths', () => {
    const targets = ['/Img/A.JPG', '/img/a.jpg', '/img/a.png']
    assert.deepEqual(matching(path.ignoreCase.endsWith('.Jpg'), ...targets), ['/Img/A.JPG', '/img/a.jpg'])
    assert.deepEqual(matching(path.ignoreCase.startsWith('/IMG/'), ...targets), targets)
    assert.deepEqual(matching(path.ignoreCase.is('/IMG/a.JPG', '/x'), ...targets), ['/Img/A.JPG', '/img/a.jpg'])
    assert.deepEqual(matching(path.ignoreCase.contains('A.J'), ...targets), ['/Img/A.JPG', '/img/a.jpg'])
    assert.deepEqual(matching(path.ignoreCase.matches(/\/A\.[A-Z]NG$/), ...targets), ['/img/a.png'])
  })

  test('looks at the path of an absolute target, decodes nothing, and is missing where there is none', () => {
    assert.equal(path.is('/a%2Fb')(view({ target: 'http://b.test/a%2Fb?x' })), true)
    assert.equal(path.is('/a/b')(view({ target: '/a%2Fb' })), false)
    for (const without of [
      tcpView(),
      view({ method: 'OPTIONS', target: '*' }),
      view({ method: 'CONNECT', target: 'b.test:443' }),
    ]) {
      assert.equal(path.exists()(without), false)
      assert.equal(path.matches(/(?:)/)(without), false)
      assert.equal(path.is('')(without), false)
    }
    assert.equal(path.exists()(view()), true)
  })
})

describe('host', () => {
  test('compares without port and in any case, however the values are written', () => {
    const at = (field: string) => view({ fields: ['Host', field] })
    assert.equal(host.is('A.test', 'b.TEST')(at('B.Test:8080')), true)
    assert.equal(host.endsWith('.Example.org')(at('WWW.example.ORG')), true)
    assert.equal(host.startsWith('WWW.')(at('www.a')), true)
    assert.equal(host.contains('EXAMPLE')(at('x.example.org')), true)
    assert.equal(host.matches(/^WWW\./)(at('www.a')), true)
    assert.equal(host.ignoreCase.is('A.test')(at('a.TEST')), true)
    assert.equal(host.is('[::1]')(at('[::1]:80')), true)
    assert.equal(host.is('a.test')(at('a.test.evil')), false)
    assert.equal(host.exists()(at('a')), true)
  })

  test('is missing without a Host field', () => {
    assert.equal(host.exists()(view({ fields: [] })), false)
    assert.equal(host.contains('a')(view({ fields: [] })), false)
  })
})

describe('method', () => {
  test('compares as received', () => {
    const isRead = method.is('GET', 'HEAD')
    assert.deepEqual(
      ['GET', 'HEAD', 'POST', 'get'].map((method) => isRead(view({ method }))),
      [true, true, false, false],
    )
    assert.equal(method.ignoreCase.is('Get')(view({ method: 'gEt' })), true)
    assert.equal(method.exists()(tcpView()), false)
  })
})

describe('descriptions', () => {
  test('say in words what is asked', () => {
    const cases: [Condition, string][] = [
      [path.is('/'), 'path is /'],
      [path.startsWith('/static', '/images'), 'path starts with /static or /images'],
      [path.ignoreCase.endsWith('.JPG'), 'path (in any case) ends with .JPG'],
      [path.contains('a b', 'c,d', 'e"'), 'path contains "a b" or "c,d" or "e\\""'],
      [path.matches(/\.css$/g, /x/i), 'path matches /\\.css$/ or /x/i'],
      [path.exists(), 'path exists'],
      [host.endsWith('.a.test'), 'host ends with .a.test'],
      [method.is('GET', 'HEAD'), 'method is GET or HEAD'],
      [header('Accept').contains('image/'), 'header accept contains image/'],
      [header('X').ignoreCase.is(''), 'header x (in any case) is ""'],
      [header('User-Agent').whole.contains('bot'), 'header user-agent (whole) contains bot'],
      [query('debug').exists(), 'query debug exists'],
      [query('v').is('1'), 'query v is 1'],
      [source.in('10.0.0.0/8', '::1'), 'source in 10.0.0.0/8 or ::1'],
      [source.is('192.0.2.7'), 'source is 192.0.2.7'],
    ]
    for (const [condition, words] of cases) assert.equal(condition.description, words)
  })

  test('spell out a few of many values', () => {
    const letters = [...'abcdefgh']
    assert.equal(path.is(...letters.slice(0, 6)).description, 'path is a or b or c or d or e or f')
    assert.equal(path.is(...letters).description, 'path is a or b or c or d or e or 3 others')
  })
})

describe('arguments', () => {
  const samples: [string, StringMatcher][] = [
    ['path', path],
    ['path.ignoreCase', path.ignoreCase],
    ['host', host],
    ['method', method],
    ["header('Accept')", header('Accept')],
    ["header('Accept').whole.ignoreCase", header('Accept').whole.ignoreCase],
    ["query('q')", query('q')],
  ]

  test('are refused by their place when they are of the wrong kind', () => {
    const wrongs: unknown[] = [5, null, undefined, ['/a'], /x/]
    for (const [name, sample] of samples) {
      for (const method of ['is', 'startsWith', 'endsWith', 'contains'] as const) {
        for (const value of wrongs) {
          const wrong = value as string
          assert.throws(() => sample[method]('/a', wrong), {
            code: 'ERR_EVENKEEL_OPTION',
            path: `${name}.${method}(arguments[1])`,
            value,
          })
        }
      }
      const wrong: unknown = 'x'
      assert.throws(() => sample.matches(wrong as RegExp), { path: `${name}.matches(arguments[0])`, value: 'x' })
    }
  })

  test('are refused when there are none', () => {
    for (const [name, sample] of samples) {
      for (const method of ['is', 'startsWith', 'endsWith', 'contains', 'matches'] as const) {
        assert.throws(() => sample[method](), { code: 'ERR_EVENKEEL_OPTION', path: `${name}.${method}(arguments)` })
      }
    }
  })

  test('are refused when they are empty and so would match everything', () => {
    for (const method of ['startsWith', 'endsWith', 'contains'] as const) {
      assert.throws(() => path[method]('/a', ''), { path: `path.${method}(arguments[1])`, value: '' })
    }
  })

  test('of header and query must be names', () => {
    for (const value of ['', 'a b', 'a:', 'é', 5, undefined, null]) {
      assert.throws(() => header(value as string), { code: 'ERR_EVENKEEL_OPTION', path: 'header(arguments[0])', value })
    }
    for (const value of ['', 'a=', 'a&b', 'a;b', '?a', 5, undefined]) {
      assert.throws(() => query(value as string), { code: 'ERR_EVENKEEL_OPTION', path: 'query(arguments[0])', value })
    }
  })
})

test('an expression with the flag g or y answers the same each time, and is left untouched', () => {
  for (const flags of ['g', 'y', 'gy', 'giu']) {
    const expression = new RegExp('/a', flags)
    expression.lastIndex = 2
    for (const sample of [path, path.ignoreCase]) {
      const condition = sample.matches(expression)
      assert.deepEqual(
        [1, 2, 3].map(() => condition(view({ target: '/x/a' }))),
        [true, true, true],
        flags,
      )
    }
    assert.equal(expression.lastIndex, 2)
  }
})

test('a method taken off its sample works as before', () => {
  const { startsWith, exists }: StringSample = path
  assert.equal(startsWith('/a')(view({ target: '/abc' })), true)
  assert.equal(exists()(view()), true)
})
