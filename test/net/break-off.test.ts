import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { breakOff } from '../../src/net/break-off.js'
import { Loopback } from '../support/loopback.js'
import { within } from '../support/within.js'

/** Both ends of a connection: ours, and that of a peer that reads and never ends by itself. */
async function pair(t: TestContext, host: '127.0.0.1' | 'unix' = '127.0.0.1') {
  let peer: net.Socket | undefined
  const { address } = await Loopback.listen(
    t,
    (socket) => {
      peer = socket
    },
    host,
  )
  const ours = net.connect({ ...address, allowHalfOpen: true })
  await once(ours, 'connect')
  ours.write('hello')
  await within(
    (async () => {
      while (peer === undefined) await new Promise((resolve) => setImmediate(resolve))
    })(),
    () => 'nobody connected',
  )
  t.after(() => ours.destroy())
  const errors: string[] = []
  ours.on('error', (error) => errors.push(error.message))
  return { ours, peer: peer!, errors, closed: once(ours, 'close') }
}

/** How the peer learns of the end. */
async function ending(peer: net.Socket): Promise<string> {
  peer.resume()
  return within(
    Promise.race([
      once(peer, 'end').then(
        () => 'end',
        (error: Error & { code?: string }) => String(error.code),
      ),
    ]),
    () => 'the peer hears nothing',
  )
}

test('a connection that is broken off is reset: its peer gets no end', async (t) => {
  const { ours, peer, errors, closed } = await pair(t)
  await once(peer, 'data')
  const heard = ending(peer)
  breakOff(ours)
  await within(closed, () => 'it is not closed')
  assert.equal(await heard, 'ECONNRESET')
  assert.deepEqual(errors, [])
})

test('a connection with unsent data is reset all the same', async (t) => {
  const { ours, peer, closed } = await pair(t)
  peer.pause()
  while (ours.write(Buffer.alloc(2 ** 20)));
  assert.ok(ours.writableLength > 0)
  ours.end()
  breakOff(ours)
  await within(closed, () => 'it waits for the peer')
})

test('a connection whose end is on its way is closed without an error', async (t) => {
  const { ours, errors, closed } = await pair(t)
  ours.end()
  assert.equal(ours.writableFinished, false)
  breakOff(ours)
  await within(closed, () => 'it is lost unclosed')
  assert.deepEqual(errors, [])
})

test('a connection whose end was sent is reset', async (t) => {
  const { ours, errors, closed } = await pair(t)
  ours.end()
  await once(ours, 'finish')
  breakOff(ours)
  await within(closed, () => 'it is lost unclosed')
  assert.deepEqual(errors, [])
})

test('a Unix socket is closed', async (t) => {
  const { ours, peer, closed } = await pair(t, 'unix')
  const heard = ending(peer)
  breakOff(ours)
  await within(closed, () => 'it is not closed')
  assert.equal(await heard, 'end')
})

test('a connection that is closed already stays so', async (t) => {
  const { ours, closed, errors } = await pair(t)
  ours.destroy()
  await closed
  breakOff(ours)
  assert.deepEqual(errors, [])
})
