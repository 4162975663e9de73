import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { CarrierLimit } from '../../src/carrier-limits.js'
import { chunk, readHead, readRequest, readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { type Behaviour, endToEnd, pass, requestText, responseText } from './scene.js'

/** What a carrier limit says under `instead`, as a behaviour of its own. */
export interface Instead extends Behaviour {
  /** Those of whom the table says it. */
  readonly carriers: readonly CarrierLimit['carrier'][]
  /** The limit's name. */
  readonly missing: string
}

export const insteads: readonly Instead[] = [
  {
    carriers: ['undici'],
    missing: 'request-trailers',
    claim: 'trailers of a request are dropped and counted',
    async run(scene) {
      const stage = await scene.open()
      const head = requestText('POST /', 'Transfer-Encoding: chunked', 'Trailer: X-Sum, X-More')
      const text = `${head}${chunk('hello')}0\r\nX-Sum: 5d41\r\nX-More: 1\r\n\r\n`
      const { request, response } = await pass(stage, text)
      assert.deepEqual([request.body, request.trailers, response.body], ['hello', [], 'ok'])
      assert.equal(stage.frontend.counters.droppedTrailers, 2)
    },
  },
  {
    carriers: ['undici'],
    missing: 'expect-continue-end-to-end',
    claim: 'the proxy answers Expect: 100-continue itself, once, and the server does not see it',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
      const wire = await origin.accept()
      assert.equal(await client.through('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
      client.send('hello')
      const request = await readRequest(wire)
      assert.deepEqual([request.get('expect'), request.body], [undefined, 'hello'])
      wire.send(responseText())
      assert.equal((await readResponse(client)).status, 200)
    },
  },
  {
    carriers: ['undici'],
    missing: 'position-of-host-and-length',
    claim: 'Host, Connection and Content-Length come in lower case, around the other fields',
    async run(scene) {
      const fields = ['X-First: 1', 'HOST: a.test', 'X-Second: 2', 'Content-Length: 2', 'X-Third: 3']
      const { request } = await pass(await scene.open(), ['POST / HTTP/1.1', ...fields, '', 'hi'].join('\r\n'))
      assert.deepEqual(
        request.fields.map(([name]) => name),
        ['host', 'connection', 'X-First', 'X-Second', 'X-Third', 'content-length'],
      )
      assert.deepEqual([request.get('host'), request.get('content-length')], ['a.test', '2'])
    },
  },
  {
    carriers: ['undici'],
    missing: 'head-before-body',
    claim: 'a request’s head goes out with the first piece of its body',
    async run(scene) {
      const { client, origin, connect } = await scene.open()
      client.send(requestText('POST /', 'Content-Length: 5'))
      const wire = await origin.accept()
      // In the time that another request takes from end to end, the head could have come.
      await pass({ client: await connect(), origin }, requestText('GET /'))
      assert.equal(wire.pending, '')
      client.send('hello')
      assert.equal((await readRequest(wire)).body, 'hello')
    },
  },
  {
    carriers: ['undici'],
    missing: 'asterisk-target',
    claim: 'the target *: 501',
    async run(scene) {
      const { client } = await scene.open()
      client.send(requestText('OPTIONS *'))
      assert.equal((await readResponse(client)).status, 501)
    },
  },
  {
    carriers: ['undici'],
    missing: 'connect',
    claim: 'CONNECT: 501, though it is allowed',
    needs: ['connect-refusal'],
    async run(scene) {
      const { client } = await scene.open({ frontend: { allowConnect: true } })
      client.send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
      assert.equal((await readResponse(client)).status, 501)
    },
  },
  {
    carriers: ['undici'],
    missing: 'reuse-modes',
    claim: 'a client’s first request rides on any idle connection, and modes that forbid it are refused',
    async run(scene) {
      const stage = await scene.open()
      const text = `${requestText('POST /', 'Content-Length: 2')}hi`
      await pass(stage, text)
      await pass({ ...stage, client: await stage.connect() }, text)
      assert.equal(stage.origin.wires.length, 1)
      for (const httpReuse of ['never', 'safe', 'aggressive'] as const) {
        await assert.rejects(scene.open({ backend: { httpReuse } }), /httpReuse/)
      }
    },
  },
  {
    carriers: ['undici'],
    missing: 'idle-limit',
    claim: 'poolMaxConnections is refused',
    async run(scene) {
      await assert.rejects(scene.open({ backend: { poolMaxConnections: 1 } }), /poolMaxConnections/)
    },
  },
  {
    carriers: ['dispatcher'],
    missing: 'pool-options',
    claim: 'poolMaxConnections, poolPurgeDelay and maxReuse are refused',
    async run(scene) {
      for (const name of ['poolMaxConnections', 'poolPurgeDelay', 'maxReuse']) {
        await assert.rejects(scene.open({ backend: { [name]: 1 } }), new RegExp(name))
      }
    },
  },
  {
    carriers: ['undici'],
    missing: 'unasked-100-continue',
    claim: 'a 100 that nobody asked for: 502',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(() => `HTTP/1.1 100 Continue\r\n\r\n${responseText()}`)
      client.send(requestText('GET /'))
      assert.equal((await readResponse(client)).status, 502)
    },
  },
  {
    carriers: ['undici'],
    missing: 'reason-in-latin1',
    claim: 'a reason that is not UTF-8 arrives with U+FFFD in the place of what is wrong',
    async run(scene) {
      const text = 'HTTP/1.1 200 caf\xe9\r\nContent-Length: 0\r\n\r\n'
      const { response } = await pass(await scene.open(), requestText('GET /'), text)
      assert.equal(response.startLine, `HTTP/1.1 200 caf${Buffer.from('\ufffd').toString('latin1')}`)
    },
  },
  {
    carriers: ['dispatcher'],
    missing: 'response-head-limit',
    claim: 'the dispatcher’s own limit holds for the heads of responses',
    async run(scene) {
      const stage = await scene.open({ backend: { maxResponseHeaderBytes: '1k' } })
      const { response } = await pass(stage, requestText('GET /'), responseText('ok', `X-A: ${'x'.repeat(2000)}`))
      assert.equal(response.status, 200)
    },
  },
  {
    carriers: ['node-http'],
    missing: 'large-heads',
    claim: 'a head above the limit of the application’s server: 431, whatever maxHeaderBytes says',
    async run(scene) {
      const { client, origin } = await scene.open({ frontend: { maxHeaderBytes: '64k' } })
      client.send(requestText('GET /', `Cookie: a=${'x'.repeat(40_000)}`))
      assert.equal((await readHead(client)).status, 431)
      await client.ending()
      assert.equal(origin.wires.length, 0)
    },
  },
  {
    carriers: ['node-http'],
    missing: 'time-of-head',
    claim: 'TR is 0, however long the head took',
    async run(scene) {
      const { client, origin, record } = await scene.open()
      origin.answerAll(() => responseText())
      client.send('GET / HTTP/1.1\r\n')
      await delay(5)
      client.send('Host: a.test\r\n\r\n')
      await readResponse(client)
      assert.equal((await record()).TR, 0)
    },
  },
  {
    carriers: ['node-http'],
    missing: 'time-of-head',
    claim: 'a head that is begun on a kept connection has the keep-alive time on top of its own',
    needs: ['own-time-limits'],
    async run(scene) {
      const timeout = { httpKeepAlive: '120ms', httpRequest: '60ms' }
      const { client, origin } = await scene.open({ frontend: { timeout } })
      await pass({ client, origin }, requestText('GET /'))
      const begun = performance.now()
      client.send('GET / HTTP/1.1\r\n')
      assert.equal((await readResponse(client)).status, 408)
      // Timers of Node count whole milliseconds.
      assert.ok(performance.now() - begun > 170)
    },
  },
  {
    carriers: ['node-http'],
    missing: 'upgrade-with-body',
    claim: 'an upgrade request with a body: 501',
    needs: ['upgrade'],
    async run(scene) {
      for (const [field, body] of [
        ['Content-Length: 5', 'hello'],
        ['Transfer-Encoding: chunked', `${chunk('hello')}0\r\n\r\n`],
      ] as const) {
        const { client } = await scene.open()
        client.send(requestText('POST /', 'Connection: Upgrade', 'Upgrade: websocket', field), body)
        assert.equal((await readResponse(client)).status, 501)
        await client.ending()
      }
    },
  },
  {
    carriers: ['node-http'],
    missing: 'half-closed-client',
    claim: 'a client that ends its side while it waits has left, whatever abortOnClose says',
    async run(scene) {
      const { client, origin, record } = await scene.open({ backend: { abortOnClose: false } })
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      client.end()
      await wire.ending()
      assert.equal((await record()).termination, 'CH--')
    },
  },
  {
    carriers: ['handler'],
    missing: 'upgrade',
    claim: 'an upgrade request goes on without its Upgrade field, and is answered as any other',
    async run(scene) {
      const stage = await scene.open()
      const text = requestText('GET /chat', 'Connection: Upgrade', 'Upgrade: websocket', 'X-Key: a')
      const { request, response } = await pass(stage, text, responseText('plain'))
      assert.equal(request.get('upgrade'), undefined)
      assert.doesNotMatch(request.get('connection') ?? '', /upgrade/i)
      assert.ok(endToEnd(request).includes('X-Key: a'))
      assert.equal(response.body, 'plain')
    },
  },
  {
    carriers: ['handler'],
    missing: 'connect-refusal',
    claim: 'CONNECT: the connection is closed',
    async run(scene) {
      const { client } = await scene.open()
      client.send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
      await client.ending()
      assert.equal(client.pending, '')
    },
  },
  {
    carriers: ['handler'],
    missing: 'late-continue',
    claim: 'a client that expects 100 Continue gets it though no server is there, and sees the 503 then',
    async run(scene) {
      const { host, port } = await closedAddress()
      const { client } = await scene.start({ s1: `${host}:${port}` }, { backend: { retries: 0 } })
      client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
      assert.equal((await readHead(client)).status, 100)
      client.send('hello')
      assert.equal((await readResponse(client)).status, 503)
    },
  },
  {
    carriers: ['handler'],
    missing: 'own-time-limits',
    claim: 'between requests only the time limits of the application’s server hold',
    async run(scene) {
      const stage = await scene.open({ frontend: { timeout: { httpKeepAlive: 1, httpRequest: 1 } } })
      await pass(stage, requestText('GET /'))
      await delay(20)
      stage.client.send('GET / HTTP/1.1\r\n')
      await delay(20)
      assert.equal((await pass(stage, 'Host: a.test\r\n\r\n')).response.body, 'ok')
    },
  },
]
