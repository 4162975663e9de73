import { Agent, get } from 'node:http'
import type { TestContext } from 'node:test'
import { within } from './within.js'

/** A request that did not get a whole answer of status 200. */
export interface FailedRequest {
  readonly target: string
  /** The status, or what broke. */
  readonly why: string
}

/** Clients that send GET requests one after the other, each on a connection that it keeps, until they are stopped. */
export class Load {
  readonly failures: FailedRequest[] = []
  #answered = 0
  #isRunning = true
  #wake = (): void => {}
  readonly #clients: Promise<void>[]

  /** Starts that many clients, which share the targets in turn; they end with the test at the latest. */
  constructor(t: TestContext, port: number, count: number, targets: readonly string[]) {
    this.#clients = Array.from({ length: count }, (_, index) => this.#client(port, targets, index))
    t.after(() => this.stop())
  }

  /** How many requests have been answered, well or not. */
  get answered(): number {
    return this.#answered
  }

  async #client(port: number, targets: readonly string[], first: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = first; this.#isRunning; i++) {
      const target = targets[i % targets.length]!
      const why = await ask(port, target, agent)
      if (why !== undefined) this.failures.push({ target, why })
      this.#answered++
      this.#wake()
    }
    agent.destroy()
  }

  /** Resolves when that many more requests have been answered. */
  answers(count: number): Promise<void> {
    const goal = this.#answered + count
    const reached = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.#answered >= goal) resolve()
      }
    })
    return within(reached, () => `${this.#answered} of ${goal} answers`, 30_000)
  }

  /** Lets every client finish its request. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all(this.#clients)
  }
}

/** What went wrong; undefined when nothing did. */
function ask(port: number, path: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume()
      response.once('error', (error) => resolve(`broken off: ${error.message}`))
      response.once('end', () => resolve(response.statusCode === 200 ? undefined : String(response.statusCode)))
    })
    request.once('error', (error) => resolve(error.message))
  })
}
