import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { within } from './within.js'

/** A receiver of syslog messages over UDP on loopback. */
export class Syslog {
  /** What has come, without the priority, date and program in front, oldest first. */
  readonly messages: string[] = []
  readonly #socket: Socket
  #taken = 0
  #wake = (): void => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (message) => this.#receive(message.toString('latin1')))
  }

  /** Receives until the test is over. */
  static async listen(t: TestContext): Promise<Syslog> {
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Syslog(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  #receive(message: string): void {
    this.messages.push(message.trimEnd().replace(/^<\d+>.*?\]: /, ''))
    this.#wake()
  }

  /** Takes the next message like that, and everything before it. */
  next(pattern: RegExp): Promise<RegExpExecArray> {
    const search = async (): Promise<RegExpExecArray> => {
      for (;;) {
        while (this.#taken < this.messages.length) {
          const match = pattern.exec(this.messages[this.#taken++]!)
          if (match !== null) return match
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    return within(search(), () => `no message like ${pattern} in\n${this.messages.join('\n')}`)
  }
}
