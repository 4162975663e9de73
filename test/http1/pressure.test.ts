import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Loopback, socketPath } from '../support/loopback.js'
import { affordable } from '../support/open-files.js'
import { Program } from '../support/program.js'
import { ok, settled, stage } from '../support/trial.js'
import { turn, until, within } from '../support/within.js'

const skip = !existsSync('/proc/self/status') && 'resident memory is read from Linux’s /proc'
const small = ok('hello')
const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const endless = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n'

/** The server: `GET /` is answered, `GET /flood` for ever, and of what is posted nothing is read. */
function serve(socket: Socket): void {
  const flood = Buffer.alloc(64 * 1024, 'x')
  socket.on('data', (bytes) => {
    const head = bytes.toString('latin1', 0, 20)
    if (head.startsWith('GET / ')) socket.write(small)
    else if (head.startsWith('POST')) socket.pause()
    else {
      socket.write(endless)
      const pour = (): void => {
        while (socket.write(flood));
      }
      socket.on('drain', pour)
      pour()
    }
  })
}

/** A proxy in a process of its own, between Unix sockets: what the system keeps of a connection is little there. */
class Scene {
  readonly clients: Socket[] = []

  private constructor(
    readonly t: TestContext,
    readonly path: string,
    readonly pid: number,
  ) {}

  static async start(t: TestContext): Promise<Scene> {
    const path = await socketPath(t)
    const { address } = await Loopback.listen(t, serve, 'unix')
    assert.ok('path' in address)
    const program = new Program(t, new URL('programs/proxy.js', import.meta.url), [
      `unix:${path}`,
      `unix:${address.path}`,
    ])
    const [, pid] = await program.says(/^(\d+)\n/)
    const scene = new Scene(t, path, Number(pid))
    t.after(() => scene.close())
    // What grows once, grows now.
    for (let i = 0; i < 300; i++) await scene.ask()
    return scene
  }

  async connect(): Promise<Socket> {
    const socket = connect(this.path)
    this.clients.push(socket)
    await once(socket, 'connect')
    return socket.on('error', () => {})
  }

  /** Opens connections, a hundred at a time. */
  async open(count: number, use: (socket: Socket) => Promise<void>): Promise<void> {
    const one = async (): Promise<void> => use(await this.connect())
    for (let left = count; left > 0; left -= 100) {
      await Promise.all(Array.from({ length: Math.min(left, 100) }, one))
      // Whoever is answered shows that all before him have been accepted.
      await this.ask()
    }
  }

  /** Somebody asks, on a connection of its own; gives how many milliseconds that took. */
  async ask(): Promise<number> {
    const began = performance.now()
    const socket = connect(this.path)
    await exchange(socket)
    socket.destroy()
    return performance.now() - began
  }

  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1])
  }

  /** By how many KB the proxy grows for each of `count` connections, once it has come to rest. */
  async growth(count: number, use: (socket: Socket) => Promise<void>): Promise<number> {
    const before = await this.memory()
    await this.open(count, use)
    await this.rest()
    return ((await this.memory()) - before) / count
  }

  /** Resolves when all that could pass has passed: nobody's byte count has moved while others were served. */
  async rest(): Promise<void> {
    const passed = (): number =>
      this.clients.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0)
    for (let before = -1; before !== passed(); ) {
      before = passed()
      for (let i = 0; i < 50; i++) await this.ask()
    }
  }

  close(): void {
    for (const socket of this.clients) socket.destroy()
  }
}

/** Passes one small request and its answer. */
async function exchange(socket: Socket): Promise<void> {
  let text = ''
  socket.write(get)
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (text.endsWith('hello')) resolve()
    })
    socket.on('close', () => reject(new Error('closed before its answer')))
  })
  await within(answered, () => 'no answer came')
  socket.removeAllListeners('data')
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
}

async function assertServed(scene: Scene): Promise<void> {
  const times = []
  for (let i = 0; i < 100; i++) times.push(await scene.ask())
  const slowest = Math.max(...times)
  scene.t.diagnostic(`a hundred others were answered meanwhile, in ${slowest.toFixed(1)} ms at most`)
  assert.ok(slowest < 2000)
}

test('5,000 idle connections, after a request each, take at most 10 KB each', { skip }, async (t) => {
  const scene = await Scene.start(t)
  const count = affordable(5000, 1, (message) => t.diagnostic(message))
  const growth = await scene.growth(count, exchange)
  t.diagnostic(`${growth.toFixed(2)} KB for each of ${count}`)
  assert.ok(growth <= 10)
  await assertServed(scene)
  assert.ok(scene.clients.every((socket) => !socket.destroyed))
})

test('300 clients that read nothing of endless answers take at most 512 KB each', { skip }, async (t) => {
  const scene = await Scene.start(t)
  const growth = await scene.growth(300, async (socket) => {
    socket.pause()
    socket.write('GET /flood HTTP/1.1\r\nHost: a.test\r\n\r\n')
  })
  t.diagnostic(`${growth.toFixed(0)} KB each`)
  assert.ok(growth <= 512)
  await assertServed(scene)
})

test('300 endless uploads to a server that reads nothing take at most 512 KB each', { skip }, async (t) => {
  const scene = await Scene.start(t)
  const piece = Buffer.alloc(64 * 1024, 'x')
  const growth = await scene.growth(300, async (socket) => {
    socket.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000000000\r\n\r\n')
    const pour = (): void => {
      while (socket.write(piece));
    }
    socket.on('drain', pour)
    pour()
  })
  t.diagnostic(`${growth.toFixed(0)} KB each`)
  assert.ok(growth <= 512)
  await assertServed(scene)
})

test('2,000 heads that come byte by byte take at most 48 KB each', { skip }, async (t) => {
  const scene = await Scene.start(t)
  const count = affordable(2000, 1, (message) => t.diagnostic(message))
  const growth = await scene.growth(count, async (socket) => {
    socket.write(`GET / HTTP/1.1\r\nHost: a.test\r\nX-Filler: ${'x'.repeat(15_000)}`)
    for (const byte of '0123456789') {
      await turn()
      socket.write(byte)
    }
  })
  t.diagnostic(`${growth.toFixed(1)} KB for each of ${count}`)
  assert.ok(growth <= 48)
  await assertServed(scene)
})

test('5,000 connections that are silent for too long are closed, one that is not is served', async (t) => {
  const { origin, trial, counters } = await stage(t)
  origin.answerAll(() => small)
  const count = affordable(5000, 2, (message) => t.diagnostic(message))
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  let refused = 0
  let ended = 0
  const open = async (hasAsked: boolean): Promise<void> => {
    const socket = connect(trial.port(), '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    if (hasAsked) await exchange(socket)
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1').startsWith('HTTP/1.1 408 ')) refused++
    })
    socket.on('end', () => ended++)
  }
  for (let i = 0; i < count; i += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - i) }, (_, j) => open(j % 2 === 0)))
  }
  await until(() => counters.sessions.current === count, 'not all were accepted')
  await trial.pass(9000)
  assert.equal((await trial.answer()).body, 'hello')
  await settled()
  assert.equal(counters.sessions.current, count)
  await trial.pass(1000)
  await until(() => ended === count, 'connections stay open')
  assert.equal(refused, count / 2)
  assert.equal((await trial.answer()).body, 'hello')
})
