import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { formatAddress } from '../../src/util/address.js'
import { Loopback } from '../support/loopback.js'
import { ownBind, ownUnixBind, type RunningProxy, type Setup } from '../support/setups.js'
import { turn, until, within } from '../support/within.js'
import { Dice } from './fuzz/dice.js'

/**
 * The bytes of a body, which look random and which its name decides: a seed, its length, how it is framed and how it is
 * sent. What comes in drops is read and written in drops: some wait at a client that takes none before any is refused.
 */
function bodyOf(name: string): Buffer {
  const [, , length] = name.split('/')
  const key = createHash('md5').update(name).digest()
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(Number(length)))
}

function digest(...pieces: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

/** A name of a body of 1 byte to 4 MB: as many small ones as large ones. */
function someName(dice: Dice): string {
  const length = Math.floor(2 ** (22 * dice.below(1000) * 0.001))
  const isDripping = length < 1_000_000 && dice.chance(0.5)
  return `/${dice.below(1e9)}/${length}/${dice.pick(['length', 'chunks'])}/${isDripping ? 'drops' : 'bulk'}`
}

/** A body cut at random: either way some pieces are larger and some smaller than what is read at once. */
function cut(dice: Dice, body: Buffer, longest: number): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const end = at + 1 + dice.below(dice.pick([longest, longest / 10]))
    list.push(body.subarray(at, end))
    at = end
  }
  return list
}

async function send(socket: Socket, bytes: Buffer | string): Promise<void> {
  if (!socket.write(bytes, 'latin1') && !socket.destroyed) {
    await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
}

async function answer(socket: Socket, dice: Dice, name: string): Promise<void> {
  const body = bodyOf(name)
  const isChunked = name.includes('/chunks')
  const isDripping = name.endsWith('/drops')
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  await send(socket, `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`)
  for (const piece of cut(dice, body, isDripping ? 9000 : 300_000)) {
    if (isChunked) await send(socket, `${piece.length.toString(16)}\r\n`)
    await send(socket, piece)
    if (isChunked) await send(socket, '\r\n')
    if (isDripping || dice.chance(0.1)) await turn()
  }
  if (isChunked) await send(socket, '0\r\n\r\n')
}

/** A server of such bodies, on connections that it keeps. */
async function origin(t: TestContext): Promise<{ s1: string; sockets: readonly Socket[] }> {
  const { address, sockets } = await Loopback.listen(t, (socket) => {
    const dice = new Dice(sockets.length)
    let text = ''
    let before = Promise.resolve()
    socket.setNoDelay(true).on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const name = text.split(' ')[1]!
        text = text.slice(end + 4)
        before = before.then(() => answer(socket, dice, name))
      }
    })
  })
  return { s1: formatAddress(address), sockets }
}

/** Takes a stream at random: at times a piece, at times nothing for a while. */
function readAtRandom(stream: Socket | IncomingMessage, dice: Dice): void {
  stream.on('data', () => {
    if (dice.chance(0.3)) void rest(stream, dice.below(dice.pick([3, 300])))
  })
}

async function rest(stream: Socket | IncomingMessage, turns: number): Promise<void> {
  stream.pause()
  for (let i = 0; i < turns; i++) await turn()
  stream.resume()
}

function targetOf({ port, path }: RunningProxy): { port?: number; host?: string; path?: string } {
  return path === undefined ? { port, host: '127.0.0.1' } : { path }
}

/** Asks for one body after the other on a connection that is kept. */
async function askInTurn(proxy: RunningProxy, dice: Dice, names: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { path: socketPath, ...target } = targetOf(proxy)
  for (const name of names) {
    const request = get({ ...target, ...(socketPath === undefined ? {} : { socketPath }), path: name, agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    response.on('data', (piece: Buffer) => pieces.push(piece))
    readAtRandom(response, dice)
    await once(response, 'end')
    assert.equal(digest(...pieces), digest(bodyOf(name)), name)
  }
  agent.destroy()
}

/** Asks for all of them at once, and reads the answers then. */
async function askTogether(proxy: RunningProxy, dice: Dice, names: readonly string[]): Promise<void> {
  const socket = connect(targetOf(proxy) as never)
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  readAtRandom(socket, dice)
  const last = names.length - 1
  const texts = names.map(
    (name, i) => `GET ${name} HTTP/1.1\r\nHost: a\r\n${i === last ? 'Connection: close\r\n' : ''}\r\n`,
  )
  socket.write(texts.join(''))
  await once(socket, 'end')
  socket.destroy()
  let rest = Buffer.concat(pieces)
  for (const name of names) {
    const [body, length] = readAnswer(rest)
    assert.equal(digest(body), digest(bodyOf(name)), name)
    rest = rest.subarray(length)
  }
  assert.equal(rest.length, 0)
}

/** The body of the answer that bytes start with, and the length of both. */
function readAnswer(bytes: Buffer): [body: Buffer, length: number] {
  let at = bytes.indexOf('\r\n\r\n') + 4
  const length = /\r\nContent-Length: (\d+)\r\n/.exec(bytes.toString('latin1', 0, at))?.[1]
  if (length !== undefined) return [bytes.subarray(at, at + Number(length)), at + Number(length)]
  const pieces: Buffer[] = []
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    pieces.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
    if (size === 0) return [Buffer.concat(pieces), at]
    assert.equal(bytes.toString('latin1', at - 2, at), '\r\n')
  }
}

async function play(t: TestContext, setup: Setup, clients: number): Promise<void> {
  const proxy = await setup.start(t, { s1: (await origin(t)).s1 }, {})
  const plays = Array.from({ length: clients }, (_, seed) => {
    const dice = new Dice(seed)
    const names = Array.from({ length: 6 }, () => someName(dice))
    return dice.chance(0.5) ? askInTurn(proxy, dice, names) : askTogether(proxy, dice, names)
  })
  await within(Promise.all(plays), () => 'not all bodies came', 60_000)
}

// A Unix socket takes 200 KB at most: its writes wait soon. TCP on loopback takes megabytes.
/** Lets a body drip to a client that takes nothing before nothing more can leave the server. */
async function playLate(t: TestContext, setup: Setup, framing: string): Promise<void> {
  const { s1, sockets } = await origin(t)
  const proxy = await setup.start(t, { s1 }, {})
  const name = `/1/${12 * 2 ** 20}/${framing}/drops`
  const socket = connect(targetOf(proxy) as never)
  t.after(() => socket.destroy())
  socket.write(`GET ${name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  await until(() => sockets[0] !== undefined, 'no request came')
  for (let still = 0, before = -1; still < 300; still = before === sockets[0]!.bytesWritten ? still + 1 : 0) {
    before = sockets[0]!.bytesWritten
    await turn()
  }
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await within(once(socket, 'end'), () => 'the body did not come')
  assert.equal(digest(readAnswer(Buffer.concat(pieces))[0]), digest(bodyOf(name)))
}

describe('bodies arrive unharmed at clients that read as they please', () => {
  test('over a Unix socket', (t) => play(t, ownUnixBind, 24))
  test('over TCP', (t) => play(t, ownBind, 24))
  for (const framing of ['length', 'chunks']) {
    test(`over TCP, late, with ${framing}`, (t) => playLate(t, ownBind, framing))
  }
})
