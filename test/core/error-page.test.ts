import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { errorAnswer, readErrorPages } from '../../src/core/error-page.js'
import { outcomes } from '../../src/core/outcome.js'

/** The value of a field of an answer. */
function field({ fields }: { readonly fields: readonly string[] }, name: string): string | undefined {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? undefined : fields[at + 1]
}

describe('an error of the proxy’s own', () => {
  test('is HTML with HAProxy’s sentence', () => {
    const answer = errorAnswer(503, undefined, [])
    assert.equal(
      answer.body.toString(),
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
    )
    assert.equal(field(answer, 'Content-Type'), 'text/html')
    assert.equal(field(answer, 'Cache-Control'), 'no-cache')
    assert.equal(field(answer, 'Content-Length'), String(answer.body.length))
  })

  test('is JSON for who prefers that', () => {
    const answer = errorAnswer(504, 'application/json', [])
    assert.deepEqual(JSON.parse(answer.body.toString()), {
      status: 504,
      error: 'Gateway Timeout',
      message: "The server didn't respond in time.",
    })
    assert.equal(field(answer, 'Content-Type'), 'application/json')
    assert.equal(field(answer, 'Content-Length'), String(answer.body.length))
  })

  const preferences: readonly [string, string][] = [
    ['application/json', 'application/json'],
    ['application/problem+json', 'application/json'],
    ['Application/JSON; charset=utf-8', 'application/json'],
    ['application/json, text/html', 'application/json'],
    ['application/json, */*', 'application/json'],
    ['text/html,application/xhtml+xml,application/json', 'text/html'],
    ['*/*', 'text/html'],
    ['*/*, application/json', 'text/html'],
    ['text/html, */*', 'text/html'],
    ['text/plain', 'text/html'],
    ['application/jsonp', 'text/html'],
    ['', 'text/html'],
  ]
  for (const [accept, type] of preferences) {
    test(`is ${type} for Accept: ${accept}`, () => {
      assert.equal(field(errorAnswer(502, accept, []), 'Content-Type'), type)
    })
  }

  test('has a page for every failure that has a status', () => {
    for (const { status } of Object.values(outcomes)) {
      assert.notEqual(errorAnswer(status, undefined, []).reason, 'Error', `no sentence for ${status}`)
    }
  })
})

describe('a page of one’s own', () => {
  test('takes the place of the proxy’s, whatever the client accepts', () => {
    const pages = { 503: { body: 'später', contentType: 'text/plain; charset=utf-8', headers: { 'Retry-After': '5' } } }
    const answer = errorAnswer(503, 'application/json', [pages])
    assert.equal(answer.body.toString(), 'später')
    assert.equal(field(answer, 'Content-Type'), 'text/plain; charset=utf-8')
    assert.equal(field(answer, 'Content-Length'), '7')
    assert.equal(field(answer, 'Retry-After'), '5')
    assert.equal(answer.reason, 'Service Unavailable')
  })

  test('is HTML where it does not say', () => {
    assert.equal(field(errorAnswer(500, undefined, [{ 500: { body: 'x' } }]), 'Content-Type'), 'text/html')
  })

  test('of a backend goes before the frontend’s, status by status', () => {
    const backend = { 503: { body: 'backend' } }
    const frontend = { 503: { body: 'frontend' }, 504: { body: 'frontend 504' } }
    const body = (status: number) => errorAnswer(status, undefined, [backend, frontend]).body.toString()
    assert.deepEqual([body(503), body(504)], ['backend', 'frontend 504'])
    assert.match(body(502), /Bad Gateway/)
  })

  test('may be bytes', () => {
    const body = Buffer.from([0, 255])
    assert.deepEqual(errorAnswer(500, undefined, [{ 500: { body } }]).body, body)
  })
})

describe('the errorFiles option', () => {
  test('takes pages with body, contentType and headers', () => {
    const pages = {
      503: { body: 'x', contentType: 'text/plain', headers: { 'X-A': 'b' } },
      400: { body: Buffer.alloc(1) },
    }
    assert.deepEqual(readErrorPages(pages, 'errorFiles'), pages)
  })

  const wrong: readonly [string, unknown][] = [
    ['', 'x'],
    ['', null],
    ['', 5],
    ['.200', { 200: { body: 'x' } }],
    ['.abc', { abc: { body: 'x' } }],
    ['.503', { 503: 'page.http' }],
    ['.503', { 503: null }],
    ['.503.body', { 503: {} }],
    ['.503.body', { 503: { body: 5 } }],
    ['.503.type', { 503: { body: 'x', type: 'text/plain' } }],
    ['.503.contentType', { 503: { body: 'x', contentType: 'a\r\nb: c' } }],
    ['.503.contentType', { 503: { body: 'x', contentType: 5 } }],
    ['.503.headers', { 503: { body: 'x', headers: 'a: b' } }],
    ['.503.headers.a b', { 503: { body: 'x', headers: { 'a b': 'c' } } }],
    ['.503.headers.a', { 503: { body: 'x', headers: { a: 'b\nc' } } }],
    ['.503.headers.a', { 503: { body: 'x', headers: { a: 5 } } }],
    ['.503.headers.Content-Length', { 503: { body: 'x', headers: { 'Content-Length': '7' } } }],
    ['.503.headers.transfer-encoding', { 503: { body: 'x', headers: { 'transfer-encoding': 'chunked' } } }],
    ['.503.headers.Connection', { 503: { body: 'x', headers: { Connection: 'close' } } }],
    ['.503.headers.content-type', { 503: { body: 'x', headers: { 'content-type': 'text/plain' } } }],
  ]
  for (const [path, pages] of wrong) {
    test(`refuses ${JSON.stringify(pages)}`, () => {
      const expected = { code: 'ERR_EVENKEEL_OPTION', path: `errorFiles${path}` }
      assert.throws(() => readErrorPages(pages, 'errorFiles'), expected)
    })
  }
})
