import assert from 'node:assert/strict'
import { chunk, readHead, readResponse } from '../../support/http-message.js'
import { closedAddress } from '../../support/loopback.js'
import type { Wire } from '../../support/wire.js'
import { type Behaviour, pass, requestText, responseText, type Scene, type Stage } from '../scene.js'

/** The status of what the client gets when a server sends that. */
async function statusFor(scene: Scene, answer: (wire: Wire) => void): Promise<[status: number, stage: Stage]> {
  const stage = await scene.open()
  stage.client.send(requestText('GET /'))
  answer((await stage.origin.receive()).wire)
  return [(await readResponse(stage.client)).status, stage]
}

/** The proxy serves as before. */
async function assertServes({ origin, connect }: Stage): Promise<void> {
  const client = await connect()
  const { response } = await pass({ client, origin }, requestText('GET /'), responseText('alive'))
  assert.equal(response.body, 'alive')
}

function claimOfBadGateway(what: string, ...texts: string[]): Behaviour {
  return {
    claim: `${what}: 502, and the proxy goes on`,
    async run(scene) {
      for (const text of texts) {
        const [status, stage] = await statusFor(scene, (wire) => wire.send(text))
        assert.equal(status, 502, JSON.stringify(text.slice(0, 100)))
        await assertServes(stage)
      }
    },
  }
}

function withField(...lines: string[]): string {
  return ['HTTP/1.1 200 OK', 'Content-Length: 2', ...lines, '', 'ok'].join('\r\n')
}

const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

export const badServers: readonly Behaviour[] = [
  {
    claim: 'a server that breaks off in the middle of a body of known length leaves no response that looks whole',
    async run(scene) {
      for (const breakOff of [(wire: Wire) => wire.end(), (wire: Wire) => wire.reset()]) {
        const stage = await scene.open()
        const { client, origin, record } = stage
        client.send(requestText('GET /'))
        const { wire } = await origin.receive()
        wire.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nstart')
        assert.equal((await readHead(client)).get('content-length'), '10')
        await client.through('start')
        breakOff(wire)
        await client.ending()
        assert.equal(client.pending, '')
        assert.equal((await record()).termination, 'SD--')
        await assertServes(stage)
      }
    },
  },
  {
    claim: 'a server that breaks off in the middle of a chunked body leaves no response that looks whole',
    async run(scene) {
      for (const rest of ['', '5\r\nhe', 'xyz\r\n']) {
        const stage = await scene.open()
        const { client, origin, record } = stage
        client.send(requestText('GET /'))
        const { wire } = await origin.receive()
        wire.send(chunkedHead, chunk('start'))
        await client.through('start')
        wire.end(rest)
        await client.ending()
        assert.doesNotMatch(client.pending, /0\r\n\r\n$/)
        assert.equal((await record()).termination, 'SD--')
        await assertServes(stage)
      }
    },
  },
  {
    claim: 'a client of HTTP/1.0 can tell a response that was cut off: its connection is broken, not ended',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
      const { wire } = await origin.receive()
      wire.send(chunkedHead, chunk('start'))
      await client.through('start')
      wire.end()
      assert.equal(await client.ending(), 'reset')
    },
  },
  {
    claim: 'a server that closes or breaks off before the first byte: 502, and the proxy goes on',
    async run(scene) {
      for (const breakOff of [(wire: Wire) => wire.end(), (wire: Wire) => wire.reset()]) {
        const [status, stage] = await statusFor(scene, breakOff)
        assert.equal(status, 502)
        await assertServes(stage)
      }
    },
  },
  {
    claim: 'a server that closes in the middle of a head: 502, and the proxy goes on',
    async run(scene) {
      const [status, stage] = await statusFor(scene, (wire) => wire.end('HTTP/1.1 200 OK\r\nContent-Le'))
      assert.equal(status, 502)
      await assertServes(stage)
    },
  },
  {
    claim: 'a server that refuses connections: 503',
    async run(scene) {
      const { host, port } = await closedAddress()
      const { client } = await scene.start({ s1: `${host}:${port}` }, { backend: { retries: 0 } })
      client.send(requestText('GET /'))
      assert.equal((await readResponse(client)).status, 503)
    },
  },
  claimOfBadGateway(
    'a server that speaks garbage',
    'hello\r\n\r\n',
    '\0\0\0\0',
    'SSH-2.0-OpenSSH\r\n',
    '\r\n200 OK\r\n\r\n',
  ),
  claimOfBadGateway(
    'a status line that is none',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/3.7 200 OK\r\n\r\n',
    'HTTP/1.1 OK\r\n\r\n',
  ),
  claimOfBadGateway('a field with a space before its colon', withField('X-Bad : 1')),
  claimOfBadGateway('a field with a NUL', withField('X-Bad: a\0b'), withField('X-\0Bad: a')),
  claimOfBadGateway('a field with a bare CR', withField('X-Bad: a\rb'), withField('X-Bad: a\rX-Evil: b')),
  claimOfBadGateway('a field without a name or a colon', withField(': 1'), withField('no colon')),
  claimOfBadGateway(
    'a body whose length two readers could see differently',
    withField('Content-Length: 2'),
    withField('Content-Length: 3'),
    withField('Transfer-Encoding: chunked'),
    'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok',
  ),
  claimOfBadGateway(
    'a body in a coding of transfer that is not chunked alone',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  claimOfBadGateway('a head of more than 64 KiB', withField(`X-Large: ${'x'.repeat(65 * 1024)}`)),
  claimOfBadGateway(
    'a switch of protocols that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ),
  {
    claim: 'what a server sends beyond the end of its response is nobody’s response',
    async run(scene) {
      const stage = await scene.open()
      const surplus = responseText('stolen')
      const { response } = await pass(stage, requestText('GET /'), responseText('mine') + surplus)
      assert.equal(response.body, 'mine')
      stage.origin.answerAll(() => responseText('fresh'))
      stage.client.send(requestText('GET /again'))
      const next = await readResponse(stage.client)
      assert.notEqual(next.body, 'stolen')
      assert.ok(next.body === 'fresh' || next.status === 502)
    },
  },
]
