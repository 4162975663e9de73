import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { header, type RetryOn } from '../../src/index.js'
import { readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { ok } from '../support/trial.js'
import type { Wire } from '../support/wire.js'
import { type Entry, type Side, startBoth, type Twins } from './side-by-side.js'

// What becomes of a request whose server lies, for each word of retry-on: HAProxy and evenkeel must agree on what the
// client sees, how often each server is asked, and what the log says.

const skip = skipWithout('haproxy')
const timeout = 60_000

const words: readonly (readonly RetryOn[])[] = [
  ['none'],
  ['conn-failure'],
  ['empty-response'],
  ['junk-response'],
  ['response-timeout'],
  [503],
  ['conn-failure', 404],
  ['all-retryable-errors'],
]

/** What the first server does with a request that it has read. Connections are not kept: reuse is another matter. */
const lies: Readonly<Record<string, (wire: Wire) => void>> = {
  close: (wire) => wire.end(),
  reset: (wire) => wire.reset(),
  junk: (wire) => wire.end('This is no HTTP.\r\n\r\n'),
  'half a head': (wire) => wire.end('HTTP/1.1 200 OK\r\nContent-Le'),
  silence: () => {},
  503: (wire) => wire.end('HTTP/1.1 503 Sorry\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry'),
  404: (wire) =>
    wire.end('HTTP/1.1 404 Nowhere\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
  '503 without its end': (wire) => wire.send('HTTP/1.1 503 Sorry\r\nContent-Length: 50\r\n\r\nsorry'),
  nothing: (wire) => wire.end(ok('ok', 'Connection: close')),
}

/** Lies that one of the proxies' time limits ends. */
const slow = ['silence', '503 without its end']

/** Requests, by what is after their head's first lines. */
const requests: Readonly<Record<string, readonly string[]>> = {
  GET: [],
  POST: ['Content-Length: 5', '', 'hello'],
  'PUT in chunks': ['Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'],
  'PUT that is too large': ['Content-Length: 20000', '', 'x'.repeat(20_000)],
  'GET once': ['X-Once: 1'],
}

/** What is to be compared. */
interface Seen {
  readonly client: string
  readonly tries: readonly [bad: number, good: number]
  readonly log: Entry
}

function twins(servers: Twins['servers'], retryOn: readonly RetryOn[], redispatch: boolean): Twins {
  return {
    servers,
    haproxy: {
      // The first server is that of every request, and the second that of whoever avoids the first.
      backend: [
        'balance first',
        'retries 2',
        `retry-on ${retryOn.join(' ')}`,
        `${redispatch ? '' : 'no '}option redispatch`,
        'timeout server 200ms',
        'timeout connect 100ms',
        'http-request disable-l7-retry if { hdr(x-once) -m found }',
      ],
    },
    backend: {
      balance: 'first',
      retries: 2,
      retryOn,
      redispatch,
      // HAProxy asks for no method.
      retryMethods: 'any',
      retryUnless: header('x-once').exists(),
      timeout: { server: '200ms', connect: '100ms' },
    },
  }
}

for (const retryOn of words) {
  for (const redispatch of [false, true]) {
    const rules = `retry-on ${retryOn.join(' ')} and ${redispatch ? '' : 'no '}redispatch`

    test(`with ${rules} a server that lies has the same effect as in HAProxy`, { skip, timeout }, async (t) => {
      const bad = await RawOrigin.listen(t)
      const good = await RawOrigin.listen(t)
      const badRequests = bad.serveAll((request, wire) => lies[request.get('x-lie')!]!(wire))
      const goodRequests = good.serveAll((_request, wire) => lies.nothing!(wire))
      const servers = { bad: bad.address, good: good.address }
      const sides = await startBoth(t, twins(servers, retryOn, redispatch))
      for (const lie of Object.keys(lies)) {
        for (const name of Object.keys(requests)) {
          // Silence takes its time: one request must do.
          if (slow.includes(lie) && name !== 'POST') continue
          const seen: Seen[] = []
          for (const side of sides) {
            badRequests.length = goodRequests.length = 0
            const client = await ask(t, side, name, lie)
            const log = await side.logged()
            seen.push({ client, tries: [badRequests.length, goodRequests.length], log })
          }
          assert.deepEqual(seen[1], seen[0], `${name}, ${lie}`)
        }
      }
    })

    test(`with ${rules} a server that refuses has the same effect as in HAProxy`, { skip, timeout }, async (t) => {
      const { host, port } = await closedAddress()
      const good = await RawOrigin.listen(t)
      const goodRequests = good.serveAll((_request, wire) => lies.nothing!(wire))
      const servers = { bad: `${host}:${port}`, good: good.address }
      const seen: Seen[] = []
      for (const side of await startBoth(t, twins(servers, retryOn, redispatch))) {
        goodRequests.length = 0
        const client = await ask(t, side, 'POST', 'nothing')
        seen.push({ client, tries: [0, goodRequests.length], log: await side.logged() })
      }
      assert.deepEqual(seen[1], seen[0])
    })
  }
}

/** Sends a request on a connection of its own, and tells what the client gets. */
async function ask(t: TestContext, side: Side, name: string, lie: string): Promise<string> {
  const client = await connect(t, side)
  const [method] = name.split(' ')
  const lines = [`${method} / HTTP/1.1`, 'Host: a.test', `X-Lie: ${lie}`, ...requests[name]!]
  client.send(lines.join('\r\n'), lines.includes('') ? '' : '\r\n\r\n')
  try {
    const { status, body } = await readResponse(client)
    // What a proxy says of an error itself is its own.
    return body === 'ok' || body === 'sorry' || body === 'x' ? `${status} ${body}` : `${status}`
  } catch (error) {
    assert.ok(client.hasEnded, String(error))
    return 'cut'
  } finally {
    client.close()
  }
}
