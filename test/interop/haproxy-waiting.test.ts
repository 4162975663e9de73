import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { Program } from '../support/program.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { type Entry, type Side, startBoth } from './side-by-side.js'

const skip = skipWithout('haproxy')
const timeout = 30_000
const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const short = '200ms'

/** Asserts that both logs say so. */
async function assertLogged(side: Side, expected: Entry): Promise<void> {
  assert.deepEqual(await side.logged(), expected, side.name)
}

/** Sends a request that its server keeps without an answer. */
async function occupy(t: TestContext, side: Side, origin: RawOrigin): Promise<void> {
  const client = await connect(t, side)
  client.send(get)
  await origin.receive()
}

test('HAProxy and evenkeel tell the same when no slot becomes free in time', { skip, timeout }, async (t) => {
  const origin = await RawOrigin.listen(t)
  const sides = await startBoth(t, {
    servers: { live: origin.address },
    haproxy: { backend: [`timeout queue ${short}`], server: 'maxconn 1' },
    backend: { timeout: { queue: short } },
    maxConnections: 1,
  })
  for (const side of sides) {
    await occupy(t, side, origin)
    const client = await connect(t, side)
    client.send(get)
    assert.equal((await readResponse(client)).status, 503)
    await assertLogged(side, {
      server: null,
      status: 503,
      termination: 'sQ--',
      timers: [0, 0, -1, -1],
      retries: 0,
      redispatched: false,
    })
  }
})

test('HAProxy and evenkeel tell the same when a client leaves the queue', { skip, timeout }, async (t) => {
  const origin = await RawOrigin.listen(t)
  const sides = await startBoth(t, {
    servers: { live: origin.address },
    haproxy: { defaults: ['option abortonclose'], backend: ['timeout queue 5s'], server: 'maxconn 1' },
    backend: { timeout: { queue: '5s' } },
    maxConnections: 1,
  })
  for (const side of sides) {
    await occupy(t, side, origin)
    const client = await connect(t, side)
    client.send(get).end()
    await assertLogged(side, {
      server: null,
      status: -1,
      termination: 'CQ--',
      timers: [0, 0, -1, -1],
      retries: 0,
      redispatched: false,
    })
  }
})

for (const [what, begun] of Object.entries({ 'no byte of a head': '', 'part of a head': 'GET / HTTP/1.1\r\nHo' })) {
  test(`HAProxy and evenkeel answer 408 to a client that sends ${what}`, { skip, timeout }, async (t) => {
    const origin = await RawOrigin.listen(t)
    const sides = await startBoth(t, {
      servers: { live: origin.address },
      haproxy: { frontend: [`timeout http-request ${short}`] },
      frontend: { timeout: { httpRequest: short } },
    })
    for (const side of sides) {
      const client = await connect(t, side)
      client.send(begun)
      assert.equal((await readResponse(client)).status, 408, side.name)
      assert.equal(await client.rest(), '', side.name)
      await assertLogged(side, {
        server: null,
        status: 408,
        termination: 'cR--',
        timers: [-1, -1, -1, -1],
        retries: 0,
        redispatched: false,
      })
    }
  })
}

test('HAProxy and evenkeel tell the same when a server takes no connection in time', { skip, timeout }, async (t) => {
  const address = await silentAddress(t)
  const sides = await startBoth(t, {
    servers: { deaf: address },
    haproxy: { backend: ['retries 1', `timeout connect ${short}`] },
    backend: { retries: 1, redispatch: false, timeout: { connect: short } },
  })
  for (const side of sides) {
    const client = await connect(t, side)
    client.send(get)
    assert.equal((await readResponse(client)).status, 503)
    await assertLogged(side, {
      server: 'deaf',
      status: 503,
      termination: 'sC--',
      timers: [0, 0, -1, -1],
      retries: 1,
      redispatched: false,
    })
  }
})

/** An address where connections are neither taken nor refused: its process is stopped, and its backlog is full. */
async function silentAddress(t: TestContext): Promise<string> {
  const program = new Program(t, new URL('programs/listen.js', import.meta.url))
  const port = Number((await program.says(/^(\d+)\n/))[1])
  program.send('SIGSTOP')
  for (let waiting = 0; waiting < 10; waiting++) {
    const socket = connectTcp(port, '127.0.0.1')
    t.after(() => socket.destroy())
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 200, false)),
    ])
    if (!isTaken) return `127.0.0.1:${port}`
  }
  throw new Error('the backlog is not full with 10 connections')
}
