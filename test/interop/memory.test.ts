import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { type TestContext, test } from 'node:test'
import { Program } from '../support/program.js'
import { BulkBody, mebibyte, type Pace, type Passed, receive } from './bulk.js'

const skip = !existsSync('/proc/self/clear_refs') && 'peak memory is read from Linux’s /proc'
const timeout = 90_000
/** How much the peak may grow by. */
const allowance = 64 * mebibyte
/** Some 4 s for 256 MiB. */
const slowly: Pace = { burst: 8 * mebibyte, pause: 120 }

/** A server of big bodies, and a proxy in a process of its own in front of it. */
class Scene {
  /** What the server sent or got last. */
  #atServer: Promise<Passed> = Promise.reject(new Error('nothing passed'))
  readonly #agent = new Agent({ keepAlive: true })
  #pid = 0
  #port = 0

  private constructor(readonly serverPace: Pace | undefined) {
    this.#atServer.catch(() => {})
  }

  static async start(t: TestContext, serverPace?: Pace): Promise<Scene> {
    const scene = new Scene(serverPace)
    const server = createServer((incoming, outgoing) => scene.#serve(incoming, outgoing)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      scene.#agent.destroy()
      server.close()
      server.closeAllConnections()
    })
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const program = new Program(t, new URL('programs/proxy.js', import.meta.url), [address])
    const [, pid, port] = await program.says(/^(\d+) (\d+)\n/)
    scene.#pid = Number(pid)
    scene.#port = Number(port)
    await scene.#warmUp()
    return scene
  }

  /** GET /n answers with n bytes; what is put is read. */
  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (incoming.method === 'PUT') {
      this.#atServer = receive(incoming, this.serverPace)
      this.#atServer.then(() => outgoing.end()).catch(() => outgoing.destroy())
    } else {
      const length = Number(incoming.url!.slice(1))
      const body = new BulkBody(length)
      outgoing.setHeader('Content-Length', length)
      this.#atServer = pipeline(body.stream(), outgoing).then(() => body.passed())
      this.#atServer.catch(() => {})
    }
  }

  async #warmUp(): Promise<void> {
    for (let i = 0; i < 200; i++) await this.download(0)
  }

  /** Downloads so many bytes, and asserts that they are what the server sent. */
  async download(length: number, pace?: Pace): Promise<void> {
    const outgoing = request({ host: '127.0.0.1', port: this.#port, path: `/${length}`, agent: this.#agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    const got = await receive(response, pace)
    assert.deepEqual(got, await this.#atServer)
    assert.equal(got.bytes, length)
  }

  /** Uploads so many bytes, in chunks, and asserts that they are what the server got. */
  async upload(length: number): Promise<void> {
    const body = new BulkBody(length)
    const outgoing = request({ host: '127.0.0.1', port: this.#port, method: 'PUT', agent: this.#agent })
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>
    await pipeline(body.stream(), outgoing)
    const [response] = await responded
    response.resume()
    assert.equal(response.statusCode, 200)
    const sent = body.passed()
    assert.deepEqual(await this.#atServer, sent)
    assert.equal(sent.bytes, length)
  }

  /** By how many bytes the proxy's peak of resident memory grows while `pass` runs. */
  async growth(pass: () => Promise<void>): Promise<number> {
    // 5: the peak is what is resident now (proc(5)).
    await writeFile(`/proc/${this.#pid}/clear_refs`, '5')
    const before = await this.#peak()
    await pass()
    return (await this.#peak()) - before
  }

  async #peak(): Promise<number> {
    const status = await readFile(`/proc/${this.#pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024
  }
}

async function assertBounded(t: TestContext, scene: Scene, pass: () => Promise<void>): Promise<void> {
  const began = performance.now()
  const growth = await scene.growth(pass)
  const seconds = (performance.now() - began) / 1000
  t.diagnostic(`the peak grew by ${(growth / mebibyte).toFixed(1)} MiB, in ${seconds.toFixed(1)} s`)
  assert.ok(growth < allowance, `the peak grew by ${(growth / mebibyte).toFixed(1)} MiB`)
}

test('a download of 1 GiB arrives intact and takes little memory', { skip, timeout }, async (t) => {
  const scene = await Scene.start(t)
  await assertBounded(t, scene, () => scene.download(1024 * mebibyte))
})

test('an upload of 1 GiB arrives intact and takes little memory', { skip, timeout }, async (t) => {
  const scene = await Scene.start(t)
  await assertBounded(t, scene, () => scene.upload(1024 * mebibyte))
})

test('a download of 256 MiB by a slow client takes no more', { skip, timeout }, async (t) => {
  const scene = await Scene.start(t)
  await assertBounded(t, scene, () => scene.download(256 * mebibyte, slowly))
})

test('an upload of 256 MiB to a slow server takes no more', { skip, timeout }, async (t) => {
  const scene = await Scene.start(t, slowly)
  await assertBounded(t, scene, () => scene.upload(256 * mebibyte))
})
