import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import type { TunnelListener } from '../../src/core/carrier.js'
import { tunnel } from '../../src/net/tunnel.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { Deadline } from '../../src/util/deadline.js'
import { turn, until } from '../support/within.js'

const limits = { idle: 1000, clientFin: 200, serverFin: 300 }

/** A tunnel between a client and a server that the test plays, on a clock that the test moves. */
class Scene implements TunnelListener {
  readonly clock = new VirtualClock()
  readonly client: Duplex
  readonly server: Duplex
  /** The tunnel's own ends. */
  readonly ends: readonly [Duplex, Duplex]
  readonly passed: [bytesIn: number, bytesOut: number] = [0, 0]
  /** How it ended, once it has; `both`: each side had ended. */
  end: string | undefined

  constructor() {
    const [client, clientEnd] = duplexPair({ highWaterMark: 1024 })
    const [server, serverEnd] = duplexPair({ highWaterMark: 1024 })
    for (const side of [client, server]) side.on('error', () => {})
    this.client = client
    this.server = server
    this.ends = [clientEnd, serverEnd]
    tunnel(clientEnd, serverEnd, new Deadline(this.clock), limits, this)
  }

  tunnelPassed(bytesIn: number, bytesOut: number): void {
    this.passed[0] += bytesIn
    this.passed[1] += bytesOut
  }

  tunnelEnded(failure: string | undefined): void {
    assert.equal(this.end, undefined, 'it ends once')
    this.end = failure ?? 'both'
  }

  get areEndsDestroyed(): boolean {
    return this.ends.every(({ destroyed }) => destroyed)
  }

  /** Moves on to just before the moment, asserts that nothing happens, and then reaches it. */
  async assertEndsAfter(ms: number): Promise<void> {
    this.clock.advance(ms - 1)
    await turn()
    assert.equal(this.end, undefined)
    this.clock.advance(1)
    await turn()
    assert.ok(this.areEndsDestroyed)
    assert.equal(this.clock.timers, 0)
  }
}

/** Lets one side say something, until the other has it. */
async function say(from: Duplex, to: Duplex, text: string): Promise<void> {
  from.write(text)
  let heard = ''
  while (heard.length < text.length) {
    const piece: unknown = to.read()
    if (piece === null) await once(to, 'readable')
    else heard += String(piece)
  }
  assert.equal(heard, text)
}

/** Ends one side, until the other has heard of it. */
async function end(from: Duplex, to: Duplex): Promise<void> {
  from.end()
  to.resume()
  await once(to, 'end')
  await turn()
}

describe('a tunnel', () => {
  test('tells of bytes while they pass', async () => {
    const scene = new Scene()
    await say(scene.client, scene.server, 'question')
    assert.deepEqual(scene.passed, [8, 0])
    await say(scene.server, scene.client, 'answer')
    assert.deepEqual(scene.passed, [8, 6])
    assert.equal(scene.end, undefined)
  })

  test('ends when both sides have, and leaves no timer', async () => {
    const scene = new Scene()
    await end(scene.client, scene.server)
    await end(scene.server, scene.client)
    await until(() => scene.end !== undefined, 'it does not end')
    assert.deepEqual([scene.end, scene.clock.timers], ['both', 0])
  })

  test('is over when neither side has said anything for its time, each word counting', async () => {
    const scene = new Scene()
    scene.clock.advance(900)
    await say(scene.client, scene.server, 'a')
    scene.clock.advance(900)
    await say(scene.server, scene.client, 'b')
    await scene.assertEndsAfter(1000)
    assert.equal(scene.end, 'client-timeout')
  })

  test('waits for a server whose client has ended by the server’s time alone', async () => {
    const scene = new Scene()
    await end(scene.client, scene.server)
    scene.clock.advance(299)
    await say(scene.server, scene.client, 'still here')
    await scene.assertEndsAfter(300)
    assert.equal(scene.end, 'server-timeout')
  })

  test('waits for a client whose server has ended by the client’s time alone', async () => {
    const scene = new Scene()
    await end(scene.server, scene.client)
    scene.clock.advance(199)
    await say(scene.client, scene.server, 'still here')
    await scene.assertEndsAfter(200)
    assert.equal(scene.end, 'client-timeout')
  })

  test('gives a client that is slow to take the last bytes the whole time', async () => {
    const scene = new Scene()
    scene.server.end(Buffer.alloc(100_000))
    await until(() => scene.client.readableLength > 0, 'nothing came')
    await scene.assertEndsAfter(1000)
    assert.equal(scene.end, 'client-timeout')
  })

  test('blames the server that takes nothing', async () => {
    const scene = new Scene()
    scene.client.write(Buffer.alloc(100_000))
    await until(() => scene.server.readableLength > 0, 'nothing came')
    await turn()
    await scene.assertEndsAfter(1000)
    assert.equal(scene.end, 'server-timeout')
  })

  for (const [index, failure] of (['client-aborted', 'server-lost'] as const).entries()) {
    test(`whose own end is destroyed after a half-close takes the other with it: ${failure}`, async () => {
      const scene = new Scene()
      const sides = [scene.client, scene.server] as const
      await end(sides[index]!, sides[1 - index]!)
      scene.ends[index]!.destroy()
      await until(() => scene.end !== undefined, 'it does not end')
      assert.deepEqual([scene.end, scene.areEndsDestroyed, scene.clock.timers], [failure, true, 0])
    })
  }
})
