import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RequestView } from '../../../src/core/exchange-view.js'
import {
  applyForwarding,
  clientOf,
  type ForwardingOptions,
  readForwarding,
} from '../../../src/core/message/forwarded.js'
import { HeadEdits } from '../../../src/core/message/head-edits.js'
import { RawRequestHead } from '../../../src/core/message/raw-head.js'
import { OptionReader } from '../../../src/util/options.js'

const peer = { address: '192.0.2.7', port: 4000 }

function settings(options: ForwardingOptions) {
  const reader = new OptionReader(options, 'frontends.main')
  const read = readForwarding(reader)
  reader.end()
  return read
}

interface Case extends ForwardingOptions {
  readonly fields?: readonly string[]
  readonly from?: string
  readonly secure?: boolean
  readonly localPort?: number
  readonly minorVersion?: number
}

/** The fields that a server gets, less Host. */
function forwarded({
  fields = [],
  from = peer.address,
  secure = false,
  localPort = 80,
  minorVersion = 1,
  ...options
}: Case) {
  const read = settings(options)
  const head = new RawRequestHead('GET', '/', minorVersion, ['Host', 'a.test:8080', ...fields])
  const client = { address: from, port: 4000 }
  const edits = new HeadEdits()
  const view = new RequestView(head, clientOf(client, head, read.trustedProxies), secure)
  applyForwarding(edits, head, view, client, localPort, read)
  return head.forwardedList([edits]).slice(2)
}

const forged = ['X-Forwarded-For', '203.0.113.1', 'x-forwarded-for', '203.0.113.2']

describe('nothing', () => {
  test('is told of the client unless asked, and what came stays', () => {
    assert.deepEqual(forwarded({ fields: forged }), forged)
  })
})

describe('X-Forwarded-For', () => {
  test('is the client', () => {
    assert.deepEqual(forwarded({ forwardFor: true }), ['X-Forwarded-For', '192.0.2.7'])
    assert.deepEqual(forwarded({ forwardFor: {}, from: '2001:db8::1' }), ['X-Forwarded-For', '2001:db8::1'])
  })

  test('from who is not trusted is replaced, however often it came', () => {
    assert.deepEqual(forwarded({ forwardFor: true, fields: forged }), ['X-Forwarded-For', '192.0.2.7'])
  })

  test('from a trusted proxy is added to, in one field', () => {
    assert.deepEqual(forwarded({ forwardFor: true, trustedProxies: '192.0.2.0/24', fields: forged }), [
      'X-Forwarded-For',
      '203.0.113.1, 203.0.113.2, 192.0.2.7',
    ])
  })

  test('in HAProxy’s way comes after whatever there is', () => {
    assert.deepEqual(forwarded({ forwardFor: { mode: 'add' }, fields: forged }), [
      ...forged,
      'X-Forwarded-For',
      '192.0.2.7',
    ])
  })

  test('may bear another name', () => {
    assert.deepEqual(forwarded({ forwardFor: { header: 'X-Client' }, fields: ['x-client', 'forged'] }), [
      'X-Client',
      '192.0.2.7',
    ])
  })

  test('is not told of those who are excepted', () => {
    assert.deepEqual(forwarded({ forwardFor: { except: '192.0.2.0/24' } }), [])
    assert.deepEqual(forwarded({ forwardFor: { except: ['10.0.0.0/8'] } }), ['X-Forwarded-For', '192.0.2.7'])
  })

  test('that came is left alone with ifNone', () => {
    assert.deepEqual(forwarded({ forwardFor: { ifNone: true }, fields: forged }), forged)
    assert.deepEqual(forwarded({ forwardFor: { ifNone: true } }), ['X-Forwarded-For', '192.0.2.7'])
  })

  test('is not told of a client without an address', () => {
    assert.deepEqual(forwarded({ forwardFor: true, from: '' }), [])
  })
})

describe('X-Forwarded-Proto, -Host and -Port', () => {
  test('are each told when asked', () => {
    assert.deepEqual(forwarded({ forwardedHeaders: true, localPort: 443, secure: true }), [
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-Host',
      'a.test:8080',
      'X-Forwarded-Port',
      '443',
    ])
    assert.deepEqual(forwarded({ forwardedHeaders: { host: true } }), ['X-Forwarded-Host', 'a.test:8080'])
    assert.deepEqual(forwarded({ forwardedHeaders: false }), [])
  })

  test('have no port where there is none', () => {
    assert.deepEqual(forwarded({ forwardedHeaders: { port: true }, localPort: 0 }), [])
  })

  test('from who is not trusted are replaced, from a trusted proxy they stand', () => {
    const fields = ['X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'forged', 'X-Forwarded-Port', '1']
    const replaced = ['X-Forwarded-Proto', 'http', 'X-Forwarded-Host', 'a.test:8080', 'X-Forwarded-Port', '80']
    assert.deepEqual(forwarded({ forwardedHeaders: true, fields }), replaced)
    assert.deepEqual(forwarded({ forwardedHeaders: true, fields, trustedProxies: ['192.0.2.7'] }), fields)
  })
})

describe('Forwarded', () => {
  test('is one element of RFC 7239', () => {
    assert.deepEqual(forwarded({ forwarded: true }), ['Forwarded', 'for=192.0.2.7;host="a.test:8080";proto=http'])
    assert.deepEqual(forwarded({ forwarded: true, from: '2001:db8::1', secure: true }), [
      'Forwarded',
      'for="[2001:db8::1]";host="a.test:8080";proto=https',
    ])
    assert.deepEqual(forwarded({ forwarded: true, from: '' }), [
      'Forwarded',
      'for=unknown;host="a.test:8080";proto=http',
    ])
  })

  test('can’t be broken out of by the host', () => {
    const head = new RawRequestHead('GET', '/', 1, ['Host', 'a";for=x\\'])
    const edits = new HeadEdits()
    applyForwarding(edits, head, new RequestView(head, peer, false), peer, 80, settings({ forwarded: true }))
    assert.deepEqual(edits.added, ['Forwarded', 'for=192.0.2.7;host="a\\";for=x\\\\";proto=http'])
  })

  test('from who is not trusted is replaced, from a trusted proxy it is added to', () => {
    const fields = ['Forwarded', 'for=203.0.113.1']
    const own = 'for=192.0.2.7;host="a.test:8080";proto=http'
    assert.deepEqual(forwarded({ forwarded: true, fields }), ['Forwarded', own])
    assert.deepEqual(forwarded({ forwarded: true, fields, trustedProxies: '192.0.2.7' }), [
      'Forwarded',
      `for=203.0.113.1, ${own}`,
    ])
  })

  test('names the peer, not whom a trusted proxy named: each hop tells of the one before it', () => {
    const fields = ['Forwarded', 'for=203.0.113.1', 'X-Forwarded-For', '203.0.113.1']
    const list = forwarded({ forwarded: true, fields, trustedProxies: '192.0.2.7' })
    assert.equal(list[list.indexOf('Forwarded') + 1], 'for=203.0.113.1, for=192.0.2.7;host="a.test:8080";proto=http')
  })
})

describe('Via', () => {
  test('names the version received and the proxy, after those that came', () => {
    assert.deepEqual(forwarded({ via: true }), ['Via', '1.1 evenkeel'])
    assert.deepEqual(forwarded({ via: 'edge', minorVersion: 0, fields: ['Via', '1.1 a'] }), [
      'Via',
      '1.1 a',
      'Via',
      '1.0 edge',
    ])
    assert.deepEqual(forwarded({ via: false }), [])
  })
})

describe('the options', () => {
  const wrong: readonly [string, object][] = [
    ['forwardFor', { forwardFor: 'yes' }],
    ['forwardFor', { forwardFor: null }],
    ['forwardFor.mode', { forwardFor: { mode: 'append' } }],
    ['forwardFor.header', { forwardFor: { header: 'X Forwarded' } }],
    ['forwardFor.header', { forwardFor: { header: '' } }],
    ['forwardFor.except[1]', { forwardFor: { except: ['10.0.0.0/8', 'localhost'] } }],
    ['forwardFor.except[0]', { forwardFor: { except: '10.0.0.0/33' } }],
    ['forwardFor.ifNone', { forwardFor: { ifNone: 1 } }],
    ['forwardFor.name', { forwardFor: { name: 'X' } }],
    ['forwardedHeaders', { forwardedHeaders: 'proto' }],
    ['forwardedHeaders.proto', { forwardedHeaders: { proto: 'https' } }],
    ['forwardedHeaders.for', { forwardedHeaders: { for: true } }],
    ['forwarded', { forwarded: {} }],
    ['via', { via: 'a b' }],
    ['via', { via: '' }],
    ['via', { via: 1 }],
    ['trustedProxies[0]', { trustedProxies: 5 }],
    ['trustedProxies[1]', { trustedProxies: ['10.0.0.1', 'proxy.test'] }],
  ]
  for (const [name, options] of wrong) {
    test(`refuse ${JSON.stringify(options)}`, () => {
      const expected = { code: 'ERR_EVENKEEL_OPTION', path: `frontends.main.${name}` }
      assert.throws(() => settings(options as ForwardingOptions), expected)
    })
  }
})
