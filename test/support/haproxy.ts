import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { freePorts } from './free-ports.js'
import { findProgram } from './programs.js'

/** How long HAProxy may take to start, or to answer a command, in milliseconds. */
const patience = 10_000

/** How often a start is tried: another program may get a free port before HAProxy does. */
const starts = 3

/** The running HAProxy of one test: a process, a folder of its own, and a socket for commands. */
export class Haproxy {
  readonly #process: ChildProcess
  #output = ''

  private constructor(
    process: ChildProcess,
    /** The ports that its configuration was given, free until it bound them. */
    readonly ports: readonly number[],
    readonly folder: string,
  ) {
    this.#process = process
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
  }

  /**
   * Starts HAProxy with one thread and a command socket, and stops it after the test. `configure` gets `portCount` free
   * ports (default: as many as it has parameters) and gives the configuration; it may add `global` sections of its own.
   * Resolves when HAProxy accepts connections on all of its listeners; rejects with its own words when it can't start.
   */
  static async start(
    t: TestContext,
    configure: (...ports: number[]) => string,
    portCount = configure.length,
  ): Promise<Haproxy> {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-haproxy-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    for (let tries = 1; ; tries++) {
      const ports = await freePorts(portCount)
      const haproxy = await Haproxy.#launch(folder, ports, configure(...ports))
      t.after(() => haproxy.stop())
      if (await haproxy.#isReady()) return haproxy
      await haproxy.stop()
      const portWasTaken = /cannot bind/i.test(haproxy.output)
      if (!portWasTaken || tries === starts) throw new Error(`haproxy did not start:\n${haproxy.output}`)
    }
  }

  static async #launch(folder: string, ports: readonly number[], configuration: string): Promise<Haproxy> {
    const program = findProgram('haproxy')
    if (program === undefined) throw new Error('haproxy is not installed')
    const file = join(folder, 'haproxy.cfg')
    // Else two that were given the same port, by tests that run at the same time, would share its connections.
    const own = `global\n  nbthread 1\n  noreuseport\n  stats socket ${socketIn(folder)} mode 600 level admin\n\n`
    await writeFile(file, own + configuration)
    return new Haproxy(
      spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }).on('error', () => {}),
      ports,
      folder,
    )
  }

  /** The first port that its configuration was given. */
  get port(): number {
    return this.ports[0] ?? 0
  }

  /** The process's id. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** All that it wrote to its standard output and error. */
  get output(): string {
    return this.#output
  }

  /** Gives a command of HAProxy's runtime API, such as `set server app/a state maint`; resolves with the answer. */
  async command(text: string): Promise<string> {
    const socket = (await this.#dial()).setEncoding('utf8').setTimeout(patience)
    socket.once('timeout', () => socket.destroy(new Error(`haproxy gave no answer to: ${text}`)))
    let answer = ''
    socket.on('data', (part: string) => {
      answer += part
    })
    // HAProxy ends the conversation by itself; ending it from here would cut its answer short.
    socket.write(`${text}\n`)
    await once(socket, 'end')
    socket.destroy()
    return answer.trim()
  }

  /** Connects to the runtime API, again while its backlog is full. */
  async #dial(): Promise<Socket> {
    for (let tries = 1; ; tries++) {
      const socket = connect(socketIn(this.folder))
      try {
        await once(socket, 'connect')
        return socket
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries === 100) throw error
        await wait(20)
      }
    }
  }

  /** One row of `show stat` for a server or for a whole proxy (`FRONTEND`, `BACKEND`), by HAProxy's column names. */
  async statistics(proxy: string, server: string): Promise<Readonly<Record<string, string>>> {
    const [heading = '', ...lines] = (await this.command('show stat')).split('\n')
    const names = heading.replace('# ', '').split(',')
    const rows = lines.map((line) => line.split(','))
    const row = rows.find((fields) => fields[0] === proxy && fields[1] === server)
    if (row === undefined) throw new Error(`haproxy has no ${proxy}/${server}`)
    return Object.fromEntries(names.map((name, index) => [name, row[index] ?? '']))
  }

  /** Ends the process at once, by its own id; a second call does nothing. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }

  get #hasEnded(): boolean {
    return this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** Listeners are bound before any command is answered; a command asks without opening a connection of traffic. */
  async #isReady(): Promise<boolean> {
    const deadline = Date.now() + patience
    while (!this.#hasEnded && Date.now() < deadline) {
      try {
        if (/^Pid: \d+$/m.test(await this.command('show info'))) return true
      } catch {
        // The socket is not there yet.
      }
      await wait(5)
    }
    return false
  }
}

function socketIn(folder: string): string {
  return join(folder, 'commands')
}
