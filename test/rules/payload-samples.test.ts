import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition } from '../../src/rules/condition.js'
import { clientHello, payload, protocol } from '../../src/rules/payload-samples.js'
import { OptionError } from '../../src/util/errors.js'
import { clientHelloOf } from '../support/client-hello.js'
import { tcpView } from './views.js'

/** What a condition says of a connection that begins so; `waits`: it can't tell yet. */
function ask(condition: Condition, bytes: string | Buffer | undefined): boolean | 'waits' {
  const view = tcpView()
  view.payload = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  const answer = condition(view)
  return view.isPayloadAwaited ? 'waits' : answer
}

describe('clientHello', () => {
  test('tells the name and the protocols that a client asks for', async () => {
    const hello = await clientHelloOf('a.test', 'h2', 'http/1.1')
    assert.equal(ask(clientHello.sni.is('A.test'.toLowerCase()), hello), true)
    assert.equal(ask(clientHello.sni.endsWith('.example'), hello), false)
    assert.equal(ask(clientHello.alpn.is('http/1.1'), hello), true)
    assert.equal(ask(clientHello.alpn.is('h3'), hello), false)
    assert.equal(ask(clientHello.exists(), hello), true)
    const view = tcpView()
    view.payload = hello
    assert.deepEqual([clientHello.sni.value(view), clientHello.alpn.value(view)], ['a.test', 'h2'])
  })

  test('waits while it is not whole, and no longer', async () => {
    const hello = await clientHelloOf('a.test')
    for (const condition of [clientHello.sni.is('a.test'), clientHello.alpn.exists(), clientHello.exists()]) {
      assert.equal(ask(condition, undefined), 'waits')
      assert.equal(ask(condition, hello.subarray(0, -1)), 'waits')
      assert.equal(ask(condition, 'SSH-2.0'), false)
    }
    assert.equal(ask(clientHello.sni.exists(), await clientHelloOf(undefined)), false)
  })
})

describe('payload', () => {
  test('starts with one of the texts or bytes, and waits while it may', () => {
    const condition = payload.startsWith('SSH-', new Uint8Array([0xff, 0x00]))
    assert.equal(ask(condition, undefined), 'waits')
    assert.equal(ask(condition, 'SS'), 'waits')
    assert.equal(ask(condition, 'SSH-2'), true)
    assert.equal(ask(condition, 'SSX'), false)
    assert.equal(ask(condition, '\xff'), 'waits')
    assert.equal(ask(condition, '\xff\0'), true)
    assert.equal(condition.description, 'payload starts with SSH- or "ÿ\\u0000"')
  })

  test('is searched as it grows', () => {
    const condition = payload.matches(/user=\w+;/)
    assert.equal(ask(condition, 'x=1;user=a'), 'waits')
    assert.equal(ask(condition, 'x=1;user=a;'), true)
  })

  test('exists with its first byte', () => {
    assert.equal(ask(payload.exists(), undefined), 'waits')
    assert.equal(ask(payload.exists(), '\0'), true)
  })

  test('refuses what is no bytes', () => {
    for (const value of ['', '\u2026', 7, new Uint8Array(0)]) {
      assert.throws(() => payload.startsWith(value as string), OptionError)
    }
    assert.throws(() => payload.startsWith(), OptionError)
  })
})

describe('protocol', () => {
  const cases: readonly [bytes: string | undefined, guess: 'tls' | 'http' | 'unknown' | 'waits'][] = [
    [undefined, 'waits'],
    ['\x16', 'waits'],
    ['\x16\x03\x01\x02\x00', 'waits'],
    ['\x16\x03\x01\x02\x00\x01', 'tls'],
    ['\x16\x03\x01\x02\x00\x02', 'unknown'],
    ['\x16\x02', 'unknown'],
    ['GE', 'waits'],
    ['GET ', 'http'],
    ['PRI * HTTP/2.0\r\n', 'http'],
    ['A'.repeat(20), 'waits'],
    ['A'.repeat(21), 'unknown'],
    ['SSH-', 'unknown'],
    ['get ', 'unknown'],
  ]
  for (const [bytes, guess] of cases) {
    test(`of ${JSON.stringify(bytes)}: ${guess}`, () => {
      for (const name of ['tls', 'http', 'unknown']) {
        assert.equal(ask(protocol.is(name), bytes), guess === 'waits' ? guess : name === guess)
      }
    })
  }
})
