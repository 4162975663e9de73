import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type CheckOptions,
  type CheckSettings,
  type HttpCheckOptions,
  readCheck,
} from '../../src/core/check-options.js'

/** Reads options, for tests of what they become. */
function read(options: CheckOptions, inherited?: CheckOptions): CheckSettings {
  const backend = inherited && readCheck(undefined, inherited, 'backend.check')
  return readCheck(backend, options, 'check')!
}

function readHttp(http: HttpCheckOptions) {
  return read({ http }).http!
}

/** Asserts that options, right or wrong in type, are refused with a path. */
function refuses(options: unknown, path: string): void {
  assert.throws(() => readCheck(undefined, options as CheckOptions, 'check'), { code: 'ERR_EVENKEEL_OPTION', path })
}

const probe = async () => ({ passed: true, status: 'L7OK' as const, reason: '' })

describe('the check option', () => {
  test('has HAProxy’s defaults', () => {
    const { source, ...settings } = read({})
    assert.deepEqual(settings, {
      http: undefined,
      probe: undefined,
      interval: 2000,
      fastInterval: 2000,
      downInterval: 2000,
      rise: 2,
      fall: 3,
      timeout: 2000,
      spread: 0,
      address: undefined,
      port: undefined,
      sendProxy: undefined,
      tls: undefined,
    })
  })

  test('reads times, counts and places', () => {
    const settings = read({
      interval: '5s',
      fastInterval: '500ms',
      downInterval: 10_000,
      timeout: '1s',
      rise: 1,
      fall: 1000,
      spreadChecks: 50,
      address: '[::1]:81',
      port: 82,
    })
    assert.equal(settings.interval, 5000)
    assert.equal(settings.fastInterval, 500)
    assert.equal(settings.downInterval, 10_000)
    assert.equal(settings.timeout, 1000)
    assert.equal(settings.rise, 1)
    assert.equal(settings.fall, 1000)
    assert.equal(settings.spread, 0.5)
    assert.deepEqual(settings.address, { host: '::1', port: 81 })
    assert.equal(settings.port, 82)
  })

  test('the other times follow the interval', () => {
    const { fastInterval, downInterval, timeout } = read({ interval: '3s' })
    assert.deepEqual([fastInterval, downInterval, timeout], [3000, 3000, 3000])
  })

  test('undefined, true and false take, ask for and refuse the backend’s check', () => {
    const backend = read({ interval: 7000 })
    assert.equal(readCheck(backend, undefined, 'check'), backend)
    assert.equal(readCheck(backend, true, 'check'), backend)
    assert.equal(readCheck(backend, false, 'check'), undefined)
    assert.equal(readCheck(undefined, undefined, 'check'), undefined)
    assert.equal(readCheck(undefined, false, 'check'), undefined)
    assert.equal(readCheck(undefined, true, 'check')?.interval, 2000)
  })

  test('takes an object that carries options, as a HealthCheck does', () => {
    assert.equal(readCheck(undefined, { options: { interval: 9000 } }, 'check')?.interval, 9000)
    refuses({ options: { interval: 'soon' } }, 'check.interval')
    refuses({ options: undefined }, 'check')
  })

  test('a server’s own options are laid over its backend’s', () => {
    const backend: CheckOptions = { http: { path: '/health' }, interval: 7000, fall: 9 }
    const settings = read({ fall: 1 }, backend)
    assert.equal(settings.http?.path, '/health')
    assert.equal(settings.interval, 7000)
    assert.equal(settings.fastInterval, 7000)
    assert.equal(settings.fall, 1)
    assert.equal(read({ http: { method: 'HEAD' } }, backend).http?.path, '/')
  })

  test('an option that is there but undefined takes the backend’s', () => {
    const own: object = { interval: undefined, rise: 4 }
    assert.equal(read(own, { interval: 7000 }).interval, 7000)
  })

  test('a server’s own kind of check takes the place of its backend’s', () => {
    const own = read({ probe }, { http: { path: '/health' } })
    assert.equal(own.probe, probe)
    assert.equal(own.http, undefined)
    const http = read({ http: {} }, { probe })
    assert.equal(http.probe, undefined)
    assert.equal(http.http?.path, '/')
  })

  test('a server’s own checked address takes the place of its backend’s, its port included', () => {
    const own = read({ address: 'unix:/run/app.sock' }, { address: '127.0.0.1:80', port: 81 })
    assert.deepEqual(own.address, { path: '/run/app.sock' })
    assert.equal(own.port, undefined)
    assert.equal(read({ port: 82 }, { address: '127.0.0.1:80', port: 81 }).port, 82)
  })

  test('refuses what is no set of options, with its path', () => {
    for (const value of [null, 5, 'http', []]) refuses(value, 'check')
    refuses({ inter: 5 }, 'check.inter')
  })

  test('refuses times that are none, or shorter than a millisecond', () => {
    for (const name of ['interval', 'fastInterval', 'downInterval', 'timeout']) {
      for (const value of ['soon', -1, 0, '500us', null]) refuses({ [name]: value }, `check.${name}`)
    }
  })

  test('refuses counts, spreads, ports and addresses out of range', () => {
    for (const value of [0, 1001, 1.5, '2']) {
      refuses({ rise: value }, 'check.rise')
      refuses({ fall: value }, 'check.fall')
    }
    for (const value of [-1, 51, 0.5]) refuses({ spreadChecks: value }, 'check.spreadChecks')
    for (const value of [0, 65_536, '80']) refuses({ port: value }, 'check.port')
    for (const value of ['localhost', 80, 'a:0']) refuses({ address: value }, 'check.address')
  })

  test('refuses a probe that is no function, and a probe beside http', () => {
    refuses({ probe: {} }, 'check.probe')
    refuses({ probe, http: {} }, 'check.probe')
  })

  test('refuses a port beside the address of a Unix socket', () => {
    refuses({ address: 'unix:/run/app.sock', port: 80 }, 'check.port')
  })
})

describe('the options of an HTTP check', () => {
  test('have plain defaults', () => {
    assert.deepEqual(readHttp({}), {
      method: 'GET',
      path: '/',
      host: undefined,
      headers: {},
      body: undefined,
      version: '1.1',
      statuses: [[200, 399]],
      expectedBody: undefined,
    })
  })

  test('say what is sent', () => {
    const http = readHttp({
      method: 'POST',
      path: '/check?deep=1',
      host: 'app.test',
      headers: { 'X-Check': 'caf\xe9', accept: '' },
      body: '{}',
      version: '1.0',
    })
    assert.deepEqual([http.method, http.path, http.host, http.body], ['POST', '/check?deep=1', 'app.test', '{}'])
    assert.deepEqual(http.headers, { 'X-Check': 'caf\xe9', accept: '' })
    assert.equal(http.version, '1.0')
  })

  test('take statuses as numbers, ranges, comma lists and arrays', () => {
    const statuses = (status: unknown) => readHttp({ expect: { status } } as HttpCheckOptions).statuses
    assert.deepEqual(statuses(204), [[204, 204]])
    assert.deepEqual(statuses('200-299'), [[200, 299]])
    assert.deepEqual(statuses('200, 300-310'), [
      [200, 200],
      [300, 310],
    ])
    assert.deepEqual(statuses([200, '500-599']), [
      [200, 200],
      [500, 599],
    ])
    for (const bad of [99, 600, '300-200', '', [], ['x'], null, '2xx', {}]) {
      refuses({ http: { expect: { status: bad } } }, 'check.http.expect.status')
    }
  })

  test('take a body as a string or an expression, of which they keep a copy', () => {
    assert.equal(readHttp({ expect: { body: 'ok' } }).expectedBody, 'ok')
    const expression = /ok/giy
    const kept = readHttp({ expect: { body: expression } }).expectedBody
    assert.deepEqual(kept, expression)
    assert.notEqual(kept, expression)
    for (const bad of ['', 5, null]) refuses({ http: { expect: { body: bad } } }, 'check.http.expect.body')
  })

  test('refuse a method that is none, CONNECT, and a body expected of HEAD', () => {
    for (const method of ['', 'GE T', 'CONNECT', 5]) refuses({ http: { method } }, 'check.http.method')
    refuses({ http: { method: 'HEAD', expect: { body: 'ok' } } }, 'check.http.expect.body')
    assert.equal(readHttp({ method: 'CONNECTED' }).method, 'CONNECTED')
  })

  test('take a path from / on, an http URL, and * with version 1.0 alone', () => {
    for (const path of ['/', '/a?b', 'http://a.test/b']) assert.equal(readHttp({ path }).path, path)
    assert.equal(readHttp({ path: '*', version: '1.0' }).path, '*')
    for (const path of ['health', '*', '/a b', '/a\r\nb', '/ä', '']) refuses({ http: { path } }, 'check.http.path')
    refuses({ http: { path: '*a', version: '1.0' } }, 'check.http.path')
  })

  test('refuse fields that are malformed, that the check sets itself, or that come in something else than an object', () => {
    const field = (name: string, value: unknown) =>
      refuses({ http: { headers: { [name]: value } } }, `check.http.headers.${name}`)
    field('a b', 'x')
    field('a', 'x\r\ny')
    field('a', 5)
    field('a', 'snowman ☃')
    for (const name of ['Host', 'connection', 'Content-Length', 'transfer-encoding', 'Expect', 'upgrade'])
      field(name, 'x')
    for (const headers of [new Map([['a', 'b']]), new Headers({ a: 'b' }), ['a'], 'a', null]) {
      refuses({ http: { headers } }, 'check.http.headers')
    }
  })

  test('refuse unknown members at every depth', () => {
    refuses({ http: { uri: '/' } }, 'check.http.uri')
    refuses({ http: { expect: { string: 'x' } } }, 'check.http.expect.string')
    refuses({ http: { version: '2' } }, 'check.http.version')
    refuses({ http: { host: 'a b' } }, 'check.http.host')
  })
})
