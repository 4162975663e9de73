import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import type { FrontendOptions } from '../../src/core/frontend-options.js'
import { not } from '../../src/rules/combine.js'
import { clientHello, payload } from '../../src/rules/payload-samples.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { clientHelloOf } from '../support/client-hello.js'
import { FakeProxy } from '../support/fake-proxy.js'
import { FakeTransport } from '../support/fake-sides.js'

let hello: Buffer
before(async () => {
  hello = await clientHelloOf('shop.test', 'h2')
})

/** A proxy in TCP mode with a backend `shop` beside the usual one; `when` leads there. */
function proxyWith(when: NonNullable<FrontendOptions['routes']>[number]['when'], frontend: FrontendOptions = {}) {
  const clock = new VirtualClock({ start: 1000 })
  const shop = new Backend('shop', { mode: 'tcp', servers: { s: '127.0.0.1:3' }, clock })
  const proxy = new FakeProxy({
    clock,
    backend: { mode: 'tcp' },
    frontend: { mode: 'tcp', routes: [{ backend: shop, when: when! }], ...frontend },
  })
  shop.server('s').transport = new FakeTransport('s', proxy.tries)
  return proxy
}

/** Lets what waits for the end of this turn happen. */
async function turn(): Promise<void> {
  await Promise.resolve()
}

describe('a connection whose route depends on what the client says first', () => {
  test('waits for it, and passes it on whole, in the log as bytes and as Tw', async () => {
    const proxy = proxyWith(clientHello.sni.is('shop.test'))
    const { client, exchange } = proxy.beginTcp()
    assert.deepEqual([client.orders, proxy.tries.length], [['resume'], 0])
    proxy.clock.advance(70)
    exchange.clientData(hello.subarray(0, 100))
    await turn()
    assert.equal(proxy.tries.length, 0)
    exchange.clientData(hello.subarray(100))
    await turn()
    assert.deepEqual([proxy.try.server, proxy.try.body], ['s', hello.toString('latin1')])
    proxy.try.connect().tunnel('tcp')
    exchange.tunnelPassed(5, 6)
    exchange.tunnelEnded(undefined)
    const { backend, bytesIn, bytesOut, Tw, termination } = proxy.record
    assert.deepEqual([backend, bytesIn, bytesOut, Tw, termination], ['shop', hello.length + 5, 6, 70, '----'])
    assert.equal(proxy.frontend.counters.bytesIn, hello.length + 5)
  })

  test('is decided as soon as it is clear that it is something else', async () => {
    const proxy = proxyWith(clientHello.sni.is('shop.test'))
    const { exchange } = proxy.beginTcp()
    exchange.clientData('SSH-2.0-x\r\n')
    await turn()
    assert.deepEqual([proxy.try.server, proxy.try.body], ['a', 'SSH-2.0-x\r\n'])
  })

  for (const [what, options, delay] of [
    ['5 s by default', {}, 5000],
    ['inspectDelay', { inspectDelay: '300ms' }, 300],
  ] as const) {
    test(`is decided without it after ${what}, and gets what there is`, () => {
      const proxy = proxyWith(clientHello.sni.is('shop.test'), options)
      const { exchange } = proxy.beginTcp()
      exchange.clientData(hello.subarray(0, 10))
      proxy.clock.advance(delay - 1)
      assert.equal(proxy.tries.length, 0)
      proxy.clock.advance(1)
      assert.deepEqual([proxy.try.server, proxy.try.body.length], ['a', 10])
    })
  }

  test('is decided without it when the client ends before', () => {
    const proxy = proxyWith(payload.startsWith('QUIT\r\n'))
    const { exchange } = proxy.beginTcp()
    exchange.clientData('QU')
    exchange.clientEnd(undefined)
    assert.deepEqual([proxy.try.server, proxy.try.body, proxy.try.hasEnded], ['a', 'QU', true])
  })

  test('is decided without it when 16 KiB have told nothing', async () => {
    const proxy = proxyWith(payload.matches(/never/))
    const { exchange } = proxy.beginTcp()
    for (let i = 0; i < 4; i++) exchange.clientData(Buffer.alloc(4096))
    await turn()
    assert.deepEqual([proxy.try.server, proxy.try.body.length], ['a', 16_384])
  })

  test('waits for the opposite too: what is missing is not "not there" before it is decided', async () => {
    const proxy = proxyWith(not(clientHello.sni.is('other.test')))
    const { exchange } = proxy.beginTcp()
    assert.equal(proxy.tries.length, 0)
    exchange.clientData(hello)
    await turn()
    assert.equal(proxy.try.server, 's')
  })

  test('does not wait where an earlier route has it, or nothing of it is asked', () => {
    for (const when of [() => true, (exchange: { readonly method: string }) => exchange.method === '']) {
      const { tries } = begun(proxyWith(when))
      assert.equal(tries.length, 1)
    }
  })

  test('whose client leaves meanwhile frees everything', () => {
    const proxy = proxyWith(clientHello.exists())
    const { exchange } = proxy.beginTcp()
    exchange.clientAborted()
    proxy.clock.advance(10_000)
    assert.deepEqual([proxy.tries.length, proxy.record.termination, proxy.record.server], [0, 'CR--', null])
  })

  test('whose condition throws is let go, and the fault is told', async () => {
    const proxy = proxyWith((exchange) => {
      if (exchange.payload === undefined) exchange.awaitPayload?.()
      else throw new Error('broken')
      return false
    })
    const { client, exchange } = proxy.beginTcp()
    exchange.clientData('x')
    await turn()
    assert.deepEqual([client.last, proxy.record.failure], ['abort', 'callback-failed'])
    assert.ok(proxy.faults.length > 0)
  })

  test('waits again where a balancer wants to see more than the route did', async () => {
    const clock = new VirtualClock({ start: 1000 })
    const desktops = new Backend('desktops', {
      mode: 'tcp',
      balance: { algorithm: 'rdpCookie', hashType: 'consistent' },
      servers: { s: '127.0.0.1:3' },
      clock,
    })
    const proxy = new FakeProxy({
      clock,
      backend: { mode: 'tcp' },
      frontend: { mode: 'tcp', routes: [{ backend: desktops, when: payload.startsWith('\x03') }] },
    })
    desktops.server('s').transport = new FakeTransport('s', proxy.tries)
    const { exchange } = proxy.beginTcp()
    exchange.clientData('\x03\0\0\x25\x20\xe0\0\0\0\0\0Cookie: mst')
    await turn()
    assert.equal(proxy.tries.length, 0)
    exchange.clientData('shash=ann\r\n')
    await turn()
    assert.equal(proxy.try.server, 's')
    assert.ok(proxy.try.body.startsWith('\x03') && proxy.try.body.endsWith('mstshash=ann\r\n'))
  })
})

function begun(proxy: FakeProxy): FakeProxy {
  proxy.beginTcp()
  return proxy
}

test('conditions on the payload find nothing in a request, and wait for nothing', () => {
  const proxy = new FakeProxy({ frontend: {} })
  const { exchange } = proxy.begin()
  assert.equal(clientHello.exists()(exchange.view), false)
  assert.equal(proxy.tries.length, 1)
})
