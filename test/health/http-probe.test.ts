import assert from 'node:assert/strict'
import dns from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type HttpCheckOptions, type Probe, readCheck } from '../../src/core/check-options.js'
import type { ProbeResult } from '../../src/core/check-result.js'
import { httpProbe } from '../../src/health/http-probe.js'
import { closedAddress, Loopback, noSocketsOpen, socketPath } from '../support/loopback.js'

const never = new AbortController().signal
const versions = ['1.1', '1.0'] as const

function probeOf(http: HttpCheckOptions = {}, timeout: number | string = '1m'): Probe {
  const settings = readCheck(undefined, { http, timeout }, 'check')!
  const probe = httpProbe(settings.http!, settings)
  return (address, signal) => probe({ address }, signal)
}

/** A server that waits for the whole head of a request and then does something; the request's text comes along. */
function serving(t: TestContext, answer: (socket: Socket, request: string) => void, host?: '127.0.0.1' | 'unix') {
  return Loopback.listen(
    t,
    (socket) => {
      let request = ''
      socket.on('data', (chunk) => {
        const wasComplete = request.includes('\r\n\r\n')
        request += chunk.toString('latin1')
        if (!wasComplete && request.includes('\r\n\r\n')) answer(socket, request)
      })
    },
    host,
  )
}

/** Checks a server that answers like that, and waits until every connection to it is closed. */
async function check(t: TestContext, http: HttpCheckOptions, answer: (socket: Socket, request: string) => void) {
  const server = await serving(t, answer)
  const result = await probeOf(http)(server.address, never)
  assert.equal(server.connections, 1)
  await server.allClosed()
  await noSocketsOpen()
  return result
}

/** A server's answer that is written in one piece, after which it hangs up or not. */
const says = (text: string) => (socket: Socket) => void socket.end(text)
const saysAndWaits = (text: string) => (socket: Socket) => void socket.write(text)

function assertFailed(result: ProbeResult, status: ProbeResult['status'], reason: RegExp): void {
  assert.equal(result.passed, false)
  assert.equal(result.status, status, result.reason)
  assert.match(result.reason, reason)
}

describe('what an HTTP probe sends', () => {
  async function requestOf(t: TestContext, http: HttpCheckOptions, host: '127.0.0.1' | 'unix' = '127.0.0.1') {
    let seen = ''
    const answer = (socket: Socket, request: string) => {
      seen = request
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    }
    const server = await serving(t, answer, host)
    assert.equal((await probeOf(http)(server.address, never)).status, 'L7OK')
    return { seen, address: server.address }
  }

  test('a GET with the checked address as Host, on a connection that closes', async (t) => {
    const { seen, address } = await requestOf(t, {})
    assert.ok('port' in address)
    assert.equal(seen, `GET / HTTP/1.1\r\nhost: 127.0.0.1:${address.port}\r\nconnection: close\r\n\r\n`)
  })

  test('localhost as the Host of a Unix socket', async (t) => {
    const { seen } = await requestOf(t, {}, 'unix')
    assert.equal(seen, 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  })

  test('method, path, host, fields and body as they were given', async (t) => {
    const http = { method: 'POST', path: '/a?b=c', host: 'app.test', headers: { 'X-Check': 'caf\xe9' }, body: 'ü!' }
    const { seen } = await requestOf(t, http)
    const [head, body] = seen.split('\r\n\r\n')
    assert.deepEqual(head!.split('\r\n').sort(), [
      'POST /a?b=c HTTP/1.1',
      'X-Check: caf\xe9',
      'connection: close',
      'content-length: 3',
      'host: app.test',
    ])
    assert.equal(Buffer.from(body!, 'latin1').toString(), 'ü!')
  })

  test('with version 1.0 no more than was asked for', async (t) => {
    assert.equal((await requestOf(t, { version: '1.0' })).seen, 'GET / HTTP/1.0\r\n\r\n')
    const options = await requestOf(t, { version: '1.0', method: 'OPTIONS', path: '*' })
    assert.equal(options.seen, 'OPTIONS * HTTP/1.0\r\n\r\n')
    const http = { method: 'PUT', host: 'app.test', headers: { 'X-Check': 'caf\xe9' }, body: 'ü!' }
    const { seen } = await requestOf(t, { ...http, version: '1.0' })
    const head = 'PUT / HTTP/1.0\r\nHost: app.test\r\nX-Check: caf\xe9\r\nContent-Length: 3\r\n\r\n'
    assert.equal(seen, head + Buffer.from('ü!').toString('latin1'))
  })
})

for (const version of versions) {
  describe(`an HTTP/${version} probe`, () => {
    test('passes on a status from 200 to 399 by default, and tells it', async (t) => {
      for (const code of [200, 204, 301, 399]) {
        const result = await check(t, { version }, says(`HTTP/1.1 ${code} Word\r\n\r\n`))
        assert.deepEqual(result, { passed: true, status: 'L7OK', code, reason: `HTTP status ${code}` })
      }
    })

    test('fails with L7STS on another status', async (t) => {
      for (const code of [400, 404, 500, 599]) {
        const result = await check(t, { version }, says(`HTTP/1.1 ${code}\r\n\r\n`))
        assert.deepEqual(result, { passed: false, status: 'L7STS', code, reason: `HTTP status ${code}` })
      }
    })

    test('expects the statuses that it is told to', async (t) => {
      const http = { version, expect: { status: ['200', '500-599'] } }
      for (const [code, status] of [
        [200, 'L7OK'],
        [201, 'L7STS'],
        [503, 'L7OK'],
      ] as const) {
        assert.equal((await check(t, http, says(`HTTP/1.1 ${code} Word\r\n\r\n`))).status, status)
      }
    })

    test('does not wait for a body that nobody asked about', async (t) => {
      const slow = saysAndWaits('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome')
      assert.equal((await check(t, { version }, slow)).status, 'L7OK')
      const wrong = saysAndWaits('HTTP/1.1 500 No\r\ncontent-length: 1000\r\n\r\nsome')
      assert.equal((await check(t, { version, expect: { body: 'some' } }, wrong)).status, 'L7STS')
    })

    test('works against node:http', async (t) => {
      const server = createServer((request, response) => response.end(`${request.httpVersion} is fine`))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(() => server.close())
      const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
      const probe = probeOf({ version, expect: { body: `${version} is fine` } })
      const expected = { passed: true, status: 'L7OK', code: 200, reason: 'HTTP status 200, body as expected' }
      for (let time = 0; time < 3; time++) assert.deepEqual(await probe(address, never), expected)
      const missing = await probeOf({ version, method: 'HEAD' })(address, never)
      assert.equal(missing.status, 'L7OK')
    })

    test('finds a string in the body as soon as it came, however it is cut', async (t) => {
      const drip = (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nall is w')
        setImmediate(() =>
          socket.write('ell h\xc3', 'latin1', () => setImmediate(() => socket.write('\xbcl', 'latin1'))),
        )
      }
      const result = await check(t, { version, expect: { body: 'well hül' } }, drip)
      assert.deepEqual([result.status, result.code], ['L7OK', 200])
    })

    test('fails with L7RSP when the body does not have the string', async (t) => {
      const http = { version, expect: { body: 'pong' } }
      const other = await check(t, http, says('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nping'))
      assertFailed(other, 'L7RSP', /^the body does not have "pong"$/)
      assert.equal(other.code, 200)
      const empty = await check(t, http, says('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
      assertFailed(empty, 'L7RSP', /no body/)
      const none = await check(t, http, saysAndWaits('HTTP/1.1 204 Nothing\r\n\r\n'))
      assertFailed(none, 'L7RSP', /no body/)
    })

    test('tries an expression on the complete body, each time from its start', async (t) => {
      const server = await serving(t, says('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nok or ok'))
      for (const body of [/ok/g, /ok/y, /OK/gi, /^ok.*ok$/]) {
        const probe = probeOf({ version, expect: { body } })
        for (let time = 0; time < 3; time++) assert.equal((await probe(server.address, never)).status, 'L7OK')
        assert.equal(body.lastIndex, 0)
      }
      const probe = probeOf({ version, expect: { body: /ok$/ } })
      const more = await check(t, { version, expect: { body: /^ok$/ } }, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nok')
        setImmediate(() => socket.end(' or ok'))
      })
      assertFailed(more, 'L7RSP', /does not have \/\^ok\$\//)
      assert.equal((await probe(server.address, never)).status, 'L7OK')
    })

    test('looks at the first 64 KiB of a huge body, and no further', async (t) => {
      const limit = 64 * 1024
      const body = (before: number) =>
        `HTTP/1.1 200 OK\r\ncontent-length: ${2 ** 30}\r\n\r\n${'x'.repeat(before)}end${'x'.repeat(limit)}`
      for (const expected of ['end', /end/]) {
        const http = { version, expect: { body: expected } }
        assert.equal((await check(t, http, saysAndWaits(body(limit - 3)))).status, 'L7OK')
        assertFailed(await check(t, http, saysAndWaits(body(limit - 2))), 'L7RSP', /^the first 64 KiB of the body do/)
      }
    })

    test('an endless body ends the check at 64 KiB', async (t) => {
      const flood = (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        const more = () => {
          while (!socket.destroyed && socket.write('x'.repeat(10_000)));
        }
        socket.on('drain', more)
        more()
      }
      assertFailed(await check(t, { version, expect: { body: 'y' } }, flood), 'L7RSP', /64 KiB/)
    })

    test('fails with L7RSP when the body is cut short', async (t) => {
      const cut = says('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhello')
      assertFailed(await check(t, { version, expect: { body: /hello/ } }, cut), 'L7RSP', /./)
    })

    test('fails with L7RSP on what is no HTTP', async (t) => {
      for (const answer of [
        says('garbage\r\n\r\n'),
        saysAndWaits('SSH-2.0-OpenSSH_9.2\r\n'),
        saysAndWaits('\x00\x01\x02\xff'),
        says('HTTP/1.1 2000 OK\r\n\r\n'),
        says('HTTP/1.1 abc OK\r\n\r\n'),
        says('HTTP/2 200\r\n\r\n'),
        says('HTTP/1.1 200 OK\r\nno colon\r\n\r\n'),
        says('HTTP/1.1 200 OK\r\na b: c\r\n\r\n'),
        says('HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n1'),
        says('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12'),
      ]) {
        assertFailed(await check(t, { version }, answer), 'L7RSP', /./)
      }
    })

    test('fails with L7RSP when the server hangs up before its response is complete', async (t) => {
      assertFailed(await check(t, { version }, says('')), 'L7RSP', /./)
      assertFailed(await check(t, { version }, says('HTTP/1.1 20')), 'L7RSP', /./)
      assertFailed(await check(t, { version }, says('HTTP/1.1 200 OK\r\ncontent-')), 'L7RSP', /./)
    })

    test('fails with SOCKERR when the connection is reset', async (t) => {
      assertFailed(await check(t, { version }, (socket) => void socket.resetAndDestroy()), 'SOCKERR', /ECONNRESET/)
    })

    test('fails when the server hangs up at once, before it has seen a request', async (t) => {
      for (const hangUp of ['destroy', 'end', 'resetAndDestroy'] as const) {
        const server = await Loopback.listen(t, (socket) => void socket[hangUp]())
        const { passed, status } = await probeOf({ version })(server.address, never)
        assert.equal(passed, false)
        // Whether the connection, its end or the reset is seen first is the system's affair.
        assert.ok(['L4CON', 'SOCKERR', 'L7RSP'].includes(status), status)
        await server.allClosed()
        await noSocketsOpen()
      }
    })

    test('fails with L7RSP on a head that does not end', async (t) => {
      const endless = (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const more = () => {
          while (!socket.destroyed && socket.write(`x-more: ${'y'.repeat(4000)}\r\n`));
        }
        socket.on('drain', more)
        more()
      }
      assertFailed(await check(t, { version }, endless), 'L7RSP', /./)
    })

    test('passes over interim responses', async (t) => {
      const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
      const result = await check(t, { version }, says(`${hints}${hints}HTTP/1.1 200 OK\r\n\r\n`))
      assert.deepEqual([result.status, result.code], ['L7OK', 200])
    })

    test('fails when the server switches protocols unasked', async (t) => {
      const answer = saysAndWaits('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
      assert.equal((await check(t, { version }, answer)).passed, false)
    })

    test('fails with L7TOUT when it is stopped while the server is silent, or slow', async (t) => {
      for (const text of ['', 'HTTP/1.1 2', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nslo']) {
        const controller = new AbortController()
        const server = await serving(t, (socket) => {
          socket.write(text)
          setImmediate(() => controller.abort())
        })
        const result = await probeOf({ version, expect: { body: 'slow' } })(server.address, controller.signal)
        assertFailed(result, 'L7TOUT', /^no complete answer in time$/)
        await server.allClosed()
      }
      await noSocketsOpen()
    })

    test('fails with L4TOUT when it is stopped before it is connected, or has no connection in time', async (t) => {
      const server = await Loopback.listen(t, () => {})
      const controller = new AbortController()
      const stopped = probeOf({ version })(server.address, controller.signal)
      controller.abort()
      assertFailed(await stopped, 'L4TOUT', /^no connection in time$/)
      assertFailed(await probeOf({ version })(server.address, AbortSignal.abort()), 'L4TOUT', /./)
      const alive = setInterval(() => {}, 60_000)
      t.after(() => clearInterval(alive))
      t.mock.method(dns, 'lookup', () => {})
      const late = await probeOf({ version }, 5)({ host: 'app.test', port: 80 }, never)
      assertFailed(late, 'L4TOUT', /within 5 ms/)
      await noSocketsOpen()
    })

    test('fails with L4CON where nobody listens', async (t) => {
      assertFailed(await probeOf({ version })(await closedAddress(), never), 'L4CON', /ECONNREFUSED/)
      assertFailed(await probeOf({ version })({ path: await socketPath(t) }, never), 'L4CON', /ENOENT/)
    })

    test('works over a Unix socket', async (t) => {
      const server = await serving(t, says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), 'unix')
      assert.equal((await probeOf({ version, expect: { body: /^ok$/ } })(server.address, never)).status, 'L7OK')
      await server.allClosed()
    })

    test('gives some result for any bytes, and the result of a good response however it is cut', async (t) => {
      let answer: string[] = []
      const server = await serving(t, (socket) => {
        const [...pieces] = answer
        const next = () => {
          const piece = pieces.shift()
          if (piece === undefined) socket.end()
          else socket.write(piece, 'latin1', () => setImmediate(next))
        }
        next()
      })
      const probe = probeOf({ version, expect: { body: /^hello$/ } })
      const good = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: \r\n\r\nhello'
      const cuts = fc.array(fc.integer({ min: 1, max: good.length - 1 }), { maxLength: 4 })
      const isCut = cuts.map((places) => {
        const bounds = [0, ...places.sort((a, b) => a - b), good.length]
        return bounds.slice(1).map((bound, i) => good.slice(bounds[i], bound))
      })
      await fc.assert(
        fc.asyncProperty(isCut, async (pieces) => {
          answer = pieces.filter((piece) => piece !== '')
          assert.equal((await probe(server.address, never)).status, 'L7OK')
        }),
        { seed: 3, numRuns: 40 },
      )
      const noise = fc.array(fc.string({ unit: 'binary-ascii' }), { maxLength: 3 })
      const start = fc.constantFrom('', 'HTTP/1.1 ', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r\n')
      await fc.assert(
        fc.asyncProperty(start, noise, async (first, pieces) => {
          answer = [first, ...pieces].filter((piece) => piece !== '')
          assert.equal((await probe(server.address, never)).passed, false)
        }),
        { seed: 5, numRuns: 40 },
      )
      await server.allClosed()
      await noSocketsOpen()
    })
  })
}

describe('an HTTP/1.1 probe alone', () => {
  test('reads chunked bodies', async (t) => {
    const text = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'
    assert.equal((await check(t, { expect: { body: /^hello$/ } }, says(text))).status, 'L7OK')
    const bad = says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhel\r\n')
    assertFailed(await check(t, { expect: { body: /^hello$/ } }, bad), 'L7RSP', /./)
  })

  test('fails on an interim 100 that it did not ask for', async (t) => {
    const result = await check(t, {}, says('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'))
    assertFailed(result, 'L7RSP', /./)
  })
})

describe('an HTTP/1.0 probe alone', () => {
  test('refuses a transfer coding when it needs the body, and only then', async (t) => {
    const chunked = says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
    const result = await check(t, { version: '1.0', expect: { body: 'hello' } }, chunked)
    assertFailed(result, 'L7RSP', /transfer coding/)
    assert.equal((await check(t, { version: '1.0' }, chunked)).status, 'L7OK')
  })

  test('passes over an interim 100', async (t) => {
    const answer = says('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n')
    assert.equal((await check(t, { version: '1.0' }, answer)).status, 'L7OK')
  })

  test('reads a body until the connection ends', async (t) => {
    const answer = (socket: Socket) => {
      socket.write('HTTP/1.0 200 OK\r\n\r\nhel')
      setImmediate(() => socket.end('lo'))
    }
    assert.equal((await check(t, { version: '1.0', expect: { body: /^hello$/ } }, answer)).status, 'L7OK')
  })

  test('refuses lines that end in LF alone', async (t) => {
    assertFailed(await check(t, { version: '1.0' }, says('HTTP/1.0 200 OK\n\n')), 'L7RSP', /./)
  })
})
