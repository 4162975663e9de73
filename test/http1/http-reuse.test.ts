import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpReuse } from '../../src/index.js'
import { readResponse } from '../support/http-message.js'
import { playSeries } from '../support/play-series.js'
import { RawOrigin } from '../support/raw-origin.js'
import { reuseSeries } from '../support/reuse-series.js'
import { get, ok, post, settled, stage, Trial } from '../support/trial.js'

for (const httpReuse of ['never', 'safe', 'aggressive', 'always'] as const satisfies readonly HttpReuse[]) {
  describe(`the server connections of httpReuse ${httpReuse}`, () => {
    for (const { name, steps, haproxy, own } of reuseSeries) {
      test(`for ${name}: ${steps.join(', ')}`, async (t) => {
        const { origin, trial, server } = await stage(t, { httpReuse })
        origin.answerAll(() => ok())
        await playSeries(steps, () => trial.connect())
        const expected = own?.[httpReuse] ?? haproxy[httpReuse]
        const requests = steps.filter((step) => !step.endsWith('leaves')).length
        assert.equal(origin.wires.length, expected)
        assert.deepEqual([server.counters.connects, server.counters.reuses], [expected, requests - expected])
      })
    }
  })
}

describe('with httpReuse never', () => {
  test('a client that leaves takes its server connections with it', async (t) => {
    const { origin, trial } = await stage(t, { httpReuse: 'never' })
    origin.answerAll(() => ok())
    const client = await trial.ask()
    await readResponse(client)
    await settled()
    assert.equal(origin.wires[0]!.hasEnded, false)
    client.close()
    assert.equal(await origin.wires[0]!.ending(), 'end')
  })

  test('a client keeps five idle server connections at most, as in HAProxy', async (t) => {
    const origins = await Promise.all(Array.from({ length: 7 }, () => RawOrigin.listen(t)))
    for (const origin of origins) origin.answerAll(() => ok())
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { httpReuse: 'never', servers: origins.map(({ address }) => address) } },
    })
    const client = await trial.connect()
    for (const _ of origins) await readResponse(client.send(get()))
    await settled()
    assert.deepEqual(
      origins.map(({ wires }) => wires[0]!.hasEnded),
      [false, false, false, false, false, true, true],
    )
  })

  test('a server that is removed closes the connections that clients keep to it', async (t) => {
    const { origin, trial, proxy } = await stage(t, { httpReuse: 'never' })
    origin.answerAll(() => ok())
    await readResponse(await trial.ask())
    await settled()
    await proxy.backend('app').removeServer('a')
    assert.equal(await origin.wires[0]!.ending(), 'end')
  })

  test('a connection that its server closes is forgotten', async (t) => {
    const { origin, trial } = await stage(t, { httpReuse: 'never' })
    origin.answerAll(() => ok())
    const client = await trial.ask(post(2))
    await readResponse(client.send('hi'))
    origin.wires[0]!.end()
    await origin.wires[0]!.ending()
    await readResponse(client.send(post(2), 'hi'))
    assert.equal(origin.wires.length, 2)
  })
})

/** A server that asks for an authentication at /login, and names the connection that each answer comes from. */
async function startWithLogin(t: Parameters<typeof stage>[0], challenge: string, status = 401) {
  const scene = await stage(t, { httpReuse: 'always' })
  scene.origin.answerAll(({ startLine }) =>
    startLine.includes('/login') ? `HTTP/1.1 ${status} No\r\n${challenge}\r\nContent-Length: 0\r\n\r\n` : ok(),
  )
  return scene
}

describe('a connection that carries its client’s authentication', () => {
  const challenges: readonly (readonly [field: string, status?: number])[] = [
    ['WWW-Authenticate: NTLM'],
    ['WWW-Authenticate: Negotiate'],
    ['WWW-Authenticate: negotiate abc=='],
    ['WWW-Authenticate: Basic realm="x"\r\nwww-authenticate: ntlm'],
    ['WWW-Authenticate: Basic realm="x", NTLM'],
    ['Proxy-Authenticate: NTLM', 407],
  ]
  for (const [challenge, status] of challenges) {
    test(`serves that client alone, even with httpReuse always: ${JSON.stringify(challenge)}`, async (t) => {
      const { origin, trial } = await startWithLogin(t, challenge, status)
      const first = await trial.ask(get('/login'))
      await readResponse(first)
      const second = await trial.ask(get('/other'))
      await readResponse(second)
      assert.equal(origin.wires.length, 2)
      await readResponse(first.send(get('/mine')))
      await readResponse(second.send(get('/other')))
      assert.equal(origin.wires.length, 2)
      first.close()
      assert.equal(await origin.wires[0]!.ending(), 'end')
      assert.equal(origin.wires[1]!.hasEnded, false)
    })
  }

  for (const challenge of [
    'WWW-Authenticate: Basic realm="ntlm"',
    'X-Authenticate: NTLM',
    'WWW-Authenticate: NTLMv9',
  ]) {
    test(`is none where the server asks for something else: ${challenge}`, async (t) => {
      const { origin, trial } = await startWithLogin(t, challenge)
      await readResponse(await trial.ask(get('/login')))
      await readResponse(await trial.ask(get('/other')))
      assert.equal(origin.wires.length, 1)
    })
  }
})

describe('a client that a server knows by its connection', () => {
  /** Two servers in turn, each of which asks for NTLM at /login. */
  async function startTwo(t: Parameters<typeof stage>[0]) {
    const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
    for (const [index, origin] of origins.entries()) {
      origin.answerAll(({ startLine }) =>
        startLine.includes('/login')
          ? 'HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n'
          : ok(String(index)),
      )
    }
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: { a: origins[0]!.address, b: origins[1]!.address } } },
    })
    return { origins, trial }
  }

  const bodyOf = async (client: Awaited<ReturnType<Trial['connect']>>): Promise<string> =>
    (await readResponse(client.send(get()))).body

  test('goes to that server again, whoever’s turn it is; others go on in turn', async (t) => {
    const { trial } = await startTwo(t)
    const [bound, other] = [await trial.connect(), await trial.connect()]
    await readResponse(bound.send(get('/login')))
    const [first, second] = [[], []] as [string[], string[]]
    for (let i = 0; i < 4; i++) {
      first.push(await bodyOf(bound))
      second.push(await bodyOf(other))
    }
    assert.deepEqual([first.join(''), second.join('')], ['0000', '1010'])
  })

  test('goes elsewhere once that server takes nobody, or has closed the connection', async (t) => {
    const { origins, trial } = await startTwo(t)
    const client = await trial.connect()
    await readResponse(client.send(get('/login')))
    trial.proxy.server('app/a').drain()
    assert.equal(await bodyOf(client), '1')
    trial.proxy.server('app/a').ready()
    assert.equal(await bodyOf(client), '0')
    origins[0]!.wires[0]!.end()
    await origins[0]!.wires[0]!.ending()
    assert.deepEqual([await bodyOf(client), await bodyOf(client)].sort(), ['0', '1'])
  })
})
