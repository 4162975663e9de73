import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePorts } from './free-ports.js'
import { findProgram } from './programs.js'
import { turn, within } from './within.js'

/** A line of the access log. */
export interface LoggedRequest {
  readonly method: string
  /** With its query, as received. */
  readonly target: string
  readonly status: number
  /** Which connection of this nginx it came on; the first has any number. */
  readonly connection: number
  /** Empty when the request has no such field. */
  readonly host: string
  readonly forwardedFor: string
}

/** A real nginx with one worker, on a port of its own that it keeps over stops and starts. */
export class Nginx {
  #master: ChildProcess | undefined
  #complaints = ''

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  /**
   * Starts nginx, and ends it after the test. `server` gives directives of its `server` block, `http` some of the block
   * around it; `$folder` in them is a folder of its own, for files to serve. Resolves when it accepts; rejects with its
   * own words when it can't start.
   */
  static async start(t: TestContext, server: string, http = ''): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-nginx-'))
    const [port] = await freePorts(1)
    const nginx = new Nginx(folder, port!)
    const killAtExit = (): void => nginx.#kill()
    process.once('exit', killAtExit)
    t.after(async () => {
      await nginx.kill()
      process.off('exit', killAtExit)
      await rm(folder, { recursive: true, force: true })
    })
    const text = configuration(folder, port!, server, http).replaceAll('$folder', folder)
    await writeFile(nginx.#configuration, text)
    await nginx.start()
    return nginx
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get #configuration(): string {
    return join(this.folder, 'nginx.conf')
  }

  get #log(): string {
    return join(this.folder, 'access.log')
  }

  /** Starts it again after `stop` or `kill`, on the same port. */
  async start(): Promise<void> {
    if (this.#master !== undefined) throw new Error('this nginx runs')
    const program = findProgram('nginx')
    if (program === undefined) throw new Error('nginx is not installed')
    const args = ['-p', this.folder, '-e', 'stderr', '-c', this.#configuration]
    const master = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#master = master
    master.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints += text
    })
    master.on('error', () => {})
    master.once('close', () => {
      if (this.#master === master) this.#master = undefined
    })
    await within(this.#accepting(), () => `nginx does not accept: ${this.#complaints}`)
  }

  async #accepting(): Promise<void> {
    while (!(await accepts(this.port))) {
      if (this.#master === undefined) throw new Error(`nginx ended: ${this.#complaints}`)
      await turn()
    }
  }

  /** Ends it as an administrator does: it accepts no more and finishes what is under way. Resolves when it is gone. */
  stop(): Promise<void> {
    return this.#end(() => this.#master?.kill('SIGQUIT'))
  }

  /** Ends master and worker at once, whatever is under way. Resolves when they are gone. */
  kill(): Promise<void> {
    return this.#end(() => this.#kill())
  }

  async #end(order: () => void): Promise<void> {
    const master = this.#master
    if (master === undefined) return
    // Its standard error is closed when the worker, which has it too, is gone as well.
    const closed = once(master, 'close')
    order()
    await within(closed, () => 'nginx does not end')
  }

  /** The master first, since it would start another worker. */
  #kill(): void {
    const pid = this.#master?.pid
    if (pid === undefined) return
    const workers = childrenOf(pid)
    this.#master?.kill('SIGKILL')
    for (const worker of workers) endProcess(worker)
  }

  /** The access log, as soon as it has that many lines: a line is written after its response. */
  async requests(count: number): Promise<LoggedRequest[]> {
    const read = async (): Promise<LoggedRequest[]> => {
      for (;;) {
        const lines = (await readFile(this.#log, 'utf8')).split('\n').slice(0, -1)
        if (lines.length >= count) return lines.map((line) => JSON.parse(line) as LoggedRequest)
        await turn()
      }
    }
    return within(read(), () => `less than ${count} requests in the log of nginx`)
  }
}

/** The processes that a process has started: Linux's own list. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

function configuration(folder: string, port: number, server: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const fields = [
    '"method":"$request_method"',
    '"target":"$request_uri"',
    '"status":$status',
    '"connection":$connection',
    '"host":"$http_host"',
    '"forwardedFor":"$http_x_forwarded_for"',
  ]
  // A worker that changes its user could not write to a folder of root's.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  log_format fields escape=json '{${fields.join(',')}}';
  access_log ${folder}/access.log fields;
  default_type text/plain;
  keepalive_requests 1000000;
  client_max_body_size 0;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    ${server}
  }
}
`
}
