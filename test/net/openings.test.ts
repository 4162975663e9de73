import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { ConnectionLimit } from '../../src/core/connection-limit.js'
import { type Arrival, arrivalOf } from '../../src/net/arrival.js'
import { type Opening, Openings } from '../../src/net/openings.js'
import { Loopback } from '../support/loopback.js'

/** The server's end of a connection, and its client's. */
async function pair(t: TestContext): Promise<{ socket: Socket; client: Socket }> {
  const server = await Loopback.listen(t, () => {})
  const client = connect({ ...(server.address as { port: number }) }).on('error', () => {})
  t.after(() => client.destroy())
  return { socket: await server.accepted(0), client }
}

describe('what comes before a carrier', () => {
  test('holds a place from the first step on until the carrier has taken its own', async (t) => {
    const { socket } = await pair(t)
    const limit = new ConnectionLimit(1)
    let slippedIn = false
    limit.onRoom(() => {
      slippedIn ||= limit.hasRoom
    })
    const seen: string[] = []
    const proceed: (() => void)[] = []
    const step = (name: string): Opening => {
      return (arrival, done) => {
        seen.push(`${name} ${limit.current}`)
        proceed.push(() => done({ ...arrival, localPort: arrival.localPort + 1 }))
      }
    }
    const accepted: Arrival[] = []
    const openings = new Openings([step('first'), step('second')], [limit], (arrival) => {
      accepted.push(arrival)
      limit.take()
    })
    const arrival = arrivalOf(socket)
    openings.begin(arrival)
    assert.deepEqual([seen, accepted.length], [['first 1'], 0])
    proceed[0]!()
    assert.deepEqual([seen, accepted.length], [['first 1', 'second 1'], 0])
    proceed[1]!()
    assert.equal(accepted[0]?.localPort, arrival.localPort + 2)
    assert.deepEqual([limit.current, slippedIn], [1, false])
    // Its end is the carrier's to see from now on.
    socket.destroy()
    await once(socket, 'close')
    assert.equal(limit.current, 1)
  })

  test('gives the place back when the connection ends before', async (t) => {
    const { socket, client } = await pair(t)
    const limit = new ConnectionLimit(1)
    const openings = new Openings([() => {}], [limit], () => assert.fail('it never came so far'))
    openings.begin(arrivalOf(socket))
    assert.equal(limit.hasRoom, false)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    client.resetAndDestroy()
    await closed
    assert.equal(limit.current, 0)
  })

  test('ends what is pending when it closes', async (t) => {
    const { socket } = await pair(t)
    const limit = new ConnectionLimit(1)
    const openings = new Openings([() => {}], [limit], () => assert.fail('it never came so far'))
    openings.begin(arrivalOf(socket))
    openings.close()
    await once(socket, 'close')
    assert.equal(limit.current, 0)
    // One that is gone before it could begin takes nothing.
    openings.begin(arrivalOf(socket))
    assert.equal(limit.current, 0)
  })
})
