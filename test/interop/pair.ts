import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { type HttpMessage, readResponse } from '../support/http-message.js'
import { RawOrigin } from '../support/raw-origin.js'
import { Wire } from '../support/wire.js'
import { type Side, startBoth, type Twins } from './side-by-side.js'

/** A response with a Date: evenkeel would add one. */
const plain = 'HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok'

/** A request as the server got it, and its response as the client got it. */
export interface Passage {
  readonly request: HttpMessage
  readonly response: HttpMessage
}

/** Both proxies in front of one server that a test plays. */
export class Pair {
  /** What the server answers. */
  response = plain
  /** Whether the server ends the connection after its answer. */
  hangsUp = false
  readonly #t: TestContext
  readonly #sides: readonly [Side, Side]
  readonly #requests: readonly HttpMessage[]

  private constructor(t: TestContext, sides: readonly [Side, Side], origin: RawOrigin) {
    this.#t = t
    this.#sides = sides
    this.#requests = origin.answerAll(() => {
      if (this.hangsUp) setImmediate(() => origin.wires.at(-1)!.end())
      return this.response
    })
  }

  static async start(t: TestContext, twins: Omit<Twins, 'servers'> = {}): Promise<Pair> {
    const origin = await RawOrigin.listen(t)
    return new Pair(t, await startBoth(t, { ...twins, servers: { live: origin.address } }), origin)
  }

  /** What the server gets of a request through HAProxy and through evenkeel, and what their clients get of its response. */
  async send(text: string, client = '127.0.0.1'): Promise<readonly [haproxy: Passage, own: Passage]> {
    const [haproxy, own] = this.#sides
    return [await this.#pass(text, client, haproxy), await this.#pass(text, client, own)]
  }

  async #pass(text: string, localAddress: string, { port }: Side): Promise<Passage> {
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    this.#t.after(() => socket.destroy())
    await once(socket, 'connect')
    const wire = new Wire(socket).send(text)
    const response = await readResponse(wire, text.split(' ')[0])
    wire.close()
    return { request: this.#requests.at(-1)!, response }
  }
}

/**
 * The fields of a message as they can be compared: names in lower case, since HAProxy changes them; without those that
 * say how this hop delimits and keeps messages; without blanks around values, which are no part of them (RFC 9110 5.5)
 * and which HAProxy takes out; Host and Content-Length first, since undici gives them their own place.
 */
export function fieldsOf(message: HttpMessage, ...except: readonly string[]): string[] {
  const out = ['connection', 'transfer-encoding', ...except]
  const lines = message.fields
    .map(([name, value]) => split(value === '' ? name : `${name}: ${value}`))
    .filter(([name]) => !out.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
  const isMoved = (line: string): boolean => /^(?:host|content-length):/.test(line)
  return [...lines.filter(isMoved).sort(), ...lines.filter((line) => !isMoved(line))]
}

/** A line's name, in lower case, and its value without the blanks around it. */
function split(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line.toLowerCase(), '']
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')]
}
