import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { createProxy } from '../src/create-proxy.js'
import { errorFile } from '../src/error-file.js'

const folder = mkdtempSync(join(tmpdir(), 'evenkeel-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0

/** A file with that content. */
function file(content: string | Buffer): string {
  const path = join(folder, `${++files}.http`)
  writeFileSync(path, content, typeof content === 'string' ? 'latin1' : undefined)
  return path
}

describe('an error file', () => {
  test('in HAProxy’s form gives its body, its type and its fields', () => {
    const path = file(
      'HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\nX-A:b\r\n\r\nAway.\r\n\r\nBack soon.\n',
    )
    assert.deepEqual(errorFile(path), {
      body: Buffer.from('Away.\r\n\r\nBack soon.\n'),
      contentType: 'text/plain',
      headers: { 'Retry-After': '5', 'X-A': 'b' },
    })
  })

  test('may have lines without CR, as files written by hand do', () => {
    const { body, headers } = errorFile(file('HTTP/1.0 503 Down\nX-A: b\n\nAway.'))
    assert.deepEqual([String(body), headers], ['Away.', { 'X-A': 'b' }])
  })

  test('has no say in fields that the proxy writes itself', () => {
    const path = file(
      'HTTP/1.0 503 Down\r\nContent-Length: 999\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nCache-Control: no-cache\r\nDate: now\r\nX-A: b\r\n\r\nAway.',
    )
    assert.deepEqual(errorFile(path), { body: Buffer.from('Away.'), headers: { 'X-A': 'b' } })
  })

  test('without a status line is a body of HTML, byte for byte', () => {
    const body = Buffer.from('<p>später</p>', 'utf8')
    assert.deepEqual(errorFile(file(body)), { body })
  })

  test('may have an empty body', () => {
    assert.equal(errorFile(file('HTTP/1.0 503 Down\r\nX-A: b\r\n\r\n')).body.length, 0)
  })

  test('keeps the bytes of its body', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const content = Buffer.concat([Buffer.from('HTTP/1.0 500 x\r\n\r\n'), bytes])
    assert.deepEqual(errorFile(file(content)).body, bytes)
  })

  test('that can’t be read is refused, with the reason', () => {
    const missing = join(folder, 'missing.http')
    const expected = { code: 'ERR_EVENKEEL_OPTION', path: 'errorFile', value: missing, message: /ENOENT/ }
    assert.throws(() => errorFile(missing), expected)
    assert.throws(() => errorFile(folder), { code: 'ERR_EVENKEEL_OPTION', message: /EISDIR/ })
  })

  test('whose head does not end is refused', () => {
    assert.throws(() => errorFile(file('HTTP/1.0 503 Down\r\nX-A: b\r\n')), { message: /an empty line/ })
  })

  for (const line of ['X-A', ' folded', 'X A: b', 'X-A: b\0c', ': b']) {
    test(`whose field is ${JSON.stringify(line)} is refused`, () => {
      const path = file(`HTTP/1.0 503 Down\r\nX-B: c\r\n${line}\r\n\r\nAway.`)
      assert.throws(() => errorFile(path), { code: 'ERR_EVENKEEL_OPTION', value: path })
    })
  }
})

describe('a path among the error files of a configuration', () => {
  test('is read when the proxy is made', () => {
    const path = file('HTTP/1.0 503 Down\r\nX-A: b\r\n\r\nAway.')
    const proxy = createProxy({ bind: 0, servers: [], errorFiles: { 503: path, 502: { body: 'x' } } })
    const page = { body: Buffer.from('Away.'), headers: { 'X-A': 'b' } }
    for (const { settings } of [proxy.frontend('main'), proxy.backend('main')]) {
      assert.deepEqual(settings.errorFiles, { 503: page, 502: { body: 'x' } })
    }
  })

  test('is refused by the option’s path', () => {
    const errorFiles = { 503: join(folder, 'missing.http') }
    const refused = (path: string) => ({ code: 'ERR_EVENKEEL_OPTION', path, message: /ENOENT/ })
    assert.throws(() => createProxy({ bind: 0, servers: [], errorFiles }), refused('errorFiles.503'))
    const backends = { app: { errorFiles } }
    assert.throws(() => createProxy({ frontends: {}, backends }), refused('backends.app.errorFiles.503'))
    assert.throws(() => createProxy({ defaults: { errorFiles }, frontends: {} }), refused('defaults.errorFiles.503'))
  })
})
