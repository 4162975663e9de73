import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

/** A Node program that a test runs as a process of its own, ended with the test at the latest. */
export class Program {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #exit: Promise<number | null>

  constructor(test: TestContext, file: URL | string, args: readonly string[] = [], cwd?: string) {
    const path = file instanceof URL ? file.pathname : file
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd })
    this.#exit = once(this.#child, 'close').then(([code]: (number | null)[]) => code ?? null)
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    test.after(() => {
      this.#child.kill('SIGKILL')
    })
  }

  /** Waits until the output has something like that; rejects when the program ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    let hasEnded = false
    const end = this.#exit.then(() => {
      hasEnded = true
    })
    for (;;) {
      const match = pattern.exec(this.stdout)
      if (match !== null) return match
      if (hasEnded) throw new Error(`it ended and never said ${pattern}:\n${this.stdout}${this.stderr}`)
      await Promise.race([once(this.#child.stdout!, 'data'), end])
    }
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, once it has ended; `null` when a signal ended it. */
  exitCode(): Promise<number | null> {
    return this.#exit
  }
}
