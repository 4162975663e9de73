import type { Socket } from 'node:net'
import { turn, within } from './within.js'

/** How the other side finished: it sent its end, or broke the connection. */
export type Ending = 'end' | 'reset'

/** One end of a connection, driven by hand: sends exact bytes, and reads until what a test waits for is there. */
export class Wire {
  /** Received and not taken yet. */
  #text = ''
  #ending: Ending | undefined
  #isClosed = false
  readonly #waiting: (() => void)[] = []

  /** `raw` is what carries a TLS socket; `isEndTrue` says whether an end of the data is meant, not just happened. */
  constructor(
    readonly socket: Socket,
    private readonly raw: Socket = socket,
    isEndTrue: () => boolean = () => true,
  ) {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk.toString('latin1')))
    socket.on('end', () => this.#finish(isEndTrue() ? 'end' : 'reset'))
    socket.on('error', () => this.#finish('reset'))
    socket.on('close', () => {
      this.#isClosed = true
      this.#finish('reset')
    })
  }

  #receive(text: string): void {
    this.#text += text
    this.#wake()
  }

  #finish(ending: Ending): void {
    this.#ending ??= ending
    this.#wake()
  }

  #wake(): void {
    for (const look of this.#waiting.splice(0)) look()
  }

  /** Sends bytes; text is latin1. */
  send(...pieces: readonly (string | Buffer)[]): this {
    for (const piece of pieces) this.socket.write(piece, 'latin1')
    return this
  }

  /** Sends pieces one by one, each handed to the system before the next is. */
  async sendSlowly(...pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      const sent = new Promise((resolve) => this.socket.write(piece, 'latin1', resolve))
      await within(sent, () => 'a piece was not sent')
      await turn()
    }
  }

  /** Ends this side, after a last piece; the other may go on. */
  end(last = ''): this {
    this.socket.end(last, 'latin1')
    return this
  }

  /** Breaks the connection: the other side gets a reset. A Unix socket just closes. */
  reset(): void {
    if (this.raw.remoteAddress === undefined) this.raw.destroy()
    else this.raw.resetAndDestroy()
  }

  /** Closes at once, without ceremony. */
  close(): void {
    this.socket.destroy()
  }

  /** What has come and was not taken yet. */
  get pending(): string {
    return this.#text
  }

  /** Takes everything up to and including `marker`. */
  through(marker: string): Promise<string> {
    return this.take(JSON.stringify(marker), (text) => {
      const at = text.indexOf(marker)
      return at < 0 ? -1 : at + marker.length
    })
  }

  /** Takes so many bytes. */
  bytes(count: number): Promise<string> {
    return this.take(`${count} bytes`, (text) => (text.length >= count ? count : -1))
  }

  /** Takes what `measure` measures off: a number of bytes from the start, below 0 while there is not enough. */
  async take(wanted: string, measure: (text: string) => number): Promise<string> {
    const length = await this.#when(`${wanted}`, () => {
      const count = measure(this.#text)
      if (count < 0 && this.#ending !== undefined) throw new Error(`${this.#state}, while ${wanted} was awaited`)
      return count < 0 ? undefined : count
    })
    const taken = this.#text.slice(0, length)
    this.#text = this.#text.slice(length)
    return taken
  }

  /** Takes everything up to the other side's end; rejects when the connection breaks instead. */
  async rest(): Promise<string> {
    const ending = await this.ending()
    if (ending === 'reset') throw new Error(`${this.#state}, while its end was awaited`)
    return this.take('the rest', (text) => text.length)
  }

  /** How the other side finished, once it has. */
  ending(): Promise<Ending> {
    return this.#when('the end of the connection', () => this.#ending)
  }

  /** Resolves when nothing is left of the connection on this side. */
  async closed(): Promise<void> {
    await this.#when('the close of the connection', () => this.#isClosed || undefined)
  }

  /** Resolves when anything happens, for as long as it takes. */
  news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined
  }

  get #state(): string {
    const got = this.#text.length > 300 ? `${this.#text.slice(0, 300)}… (${this.#text.length} bytes)` : this.#text
    const how = this.#ending === undefined ? 'open' : this.#ending === 'end' ? 'ended' : 'broken'
    return `the connection is ${how} and has ${JSON.stringify(got)}`
  }

  /** What `look` finds, as soon as it finds something. */
  async #when<T>(wanted: string, look: () => T | undefined): Promise<T> {
    const search = async (): Promise<T> => {
      for (;;) {
        const found = look()
        if (found !== undefined) return found
        await this.news()
      }
    }
    return within(search(), () => `no ${wanted}: ${this.#state}`)
  }
}
