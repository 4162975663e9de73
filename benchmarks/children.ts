import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const errorTextLimit = 2000

/** A process that the benchmark started. */
export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly ended: Promise<void>
  readonly #command: string
  #output = ''
  #errorText = ''
  #hasEnded = false

  constructor(command: string, args: readonly string[]) {
    this.#command = command
    // The input stays open: our programs end when it closes, so they never outlive a killed benchmark.
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-errorTextLimit)
    })
    this.#process.stdin.on('error', () => {})
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true
        resolve()
      }
      this.#process.once('error', (error) => {
        this.#errorText += error.message
        end()
      })
      this.#process.once('close', end)
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** All that it wrote to its standard output so far. */
  get output(): string {
    return this.#output
  }

  /** Why it failed, in one line. */
  get complaint(): string {
    const lines = this.#errorText.split('\n').filter((line) => line.trim() !== '')
    // A Node program that throws shows the source line first; the line that names the error says more.
    const line = lines.find((text) => /^\S*(Error|error)\b/.test(text)) ?? lines.at(-1)
    return line?.trim() ?? `${this.#command} ended without a word`
  }

  /** Waits for the first line on its standard output and reads it as JSON. Throws when there is none in time. */
  async announcement(milliseconds = 10_000): Promise<unknown> {
    const line = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), milliseconds)
      const look = () => {
        const end = this.#output.indexOf('\n')
        if (end < 0) return
        clearTimeout(timer)
        resolve(this.#output.slice(0, end))
      }
      this.#process.stdout.on('data', look)
      look()
      void this.ended.then(() => {
        clearTimeout(timer)
        resolve(undefined)
      })
    })
    if (line !== undefined) return JSON.parse(line)
    throw new Error(this.#hasEnded ? this.complaint : `${this.#command} announced nothing in ${milliseconds} ms`)
  }

  /** Waits for its end. Kills it and throws when it takes longer. */
  async finish(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, milliseconds, 'late')
    })
    const outcome = await Promise.race([this.ended, late])
    clearTimeout(timer)
    if (outcome !== 'late') return
    this.kill()
    throw new Error(`${this.#command} did not end in ${milliseconds} ms`)
  }

  /** Closes its input, at which the benchmark's own programs end by themselves, and so write their profiles. */
  closeInput(): void {
    this.#process.stdin.end()
  }

  /** Ends it at once, by its own process id. */
  kill(): void {
    if (!this.#hasEnded) this.#process.kill('SIGKILL')
  }
}

/** Every process that one run of the benchmark started, so that none is left behind. */
export class Children {
  readonly #programs = new Set<Child>()
  readonly #others = new Set<Child>()
  #isStopped = false

  /** Starts another's program. Throws once {@link stop} was called: nothing may start while the rest is ending. */
  start(command: string, args: readonly string[]): Child {
    return this.#start(this.#others, command, args)
  }

  /** Starts one of the benchmark's own programs with this Node. Throws like {@link start}. */
  startProgram(program: URL, args: readonly string[], nodeFlags: readonly string[] = []): Child {
    return this.#start(this.#programs, process.execPath, [...nodeFlags, fileURLToPath(program), ...args])
  }

  /** Throws when {@link stop} was called. */
  refuseAfterStop(): void {
    if (this.#isStopped) throw new Error('interrupted')
  }

  /** Ends all of them and waits until they are gone. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const child of this.#programs) child.closeInput()
    for (const child of this.#others) child.kill()
    await Promise.allSettled([...this.#programs, ...this.#others].map((child) => child.finish(3000)))
  }

  /** Kills all of them. Synchronous, so that it can run while the process exits. */
  killAll(): void {
    for (const child of [...this.#programs, ...this.#others]) child.kill()
  }

  #start(group: Set<Child>, command: string, args: readonly string[]): Child {
    this.refuseAfterStop()
    const child = new Child(command, args)
    group.add(child)
    void child.ended.then(() => group.delete(child))
    return child
  }
}
