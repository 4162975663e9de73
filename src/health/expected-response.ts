import { StringDecoder } from 'node:string_decoder'
import type { HttpCheckSettings } from '../core/check-options.js'
import type { ProbeResult } from '../core/check-result.js'

/** How much of a body is looked at. */
const bodyLimit = 64 * 1024

/**
 * Judges the response to an HTTP check while it arrives. Each method gives the result as soon as it is certain, and
 * undefined while more of the response is needed.
 */
export class ExpectedResponse {
  readonly #settings: HttpCheckSettings
  readonly #decoder = new StringDecoder('utf8')
  #status = 0
  #text = ''
  #bytes = 0

  constructor(settings: HttpCheckSettings) {
    this.#settings = settings
  }

  head(status: number): ProbeResult | undefined {
    this.#status = status
    const { statuses, expectedBody } = this.#settings
    const passed = statuses.some(([low, high]) => low <= status && status <= high)
    if (!passed) return this.#result(false, 'L7STS', `HTTP status ${status}`)
    return expectedBody === undefined ? this.#result(true, 'L7OK', `HTTP status ${status}`) : undefined
  }

  data(chunk: Buffer): ProbeResult | undefined {
    const { expectedBody } = this.#settings
    const taken = chunk.subarray(0, bodyLimit - this.#bytes)
    // What ended the text before may be the beginning of what is sought, so look at that much of it again.
    const from = typeof expectedBody === 'string' ? Math.max(this.#text.length - expectedBody.length, 0) : 0
    this.#bytes += taken.length
    this.#text += this.#decoder.write(taken)
    if (typeof expectedBody === 'string' && this.#text.includes(expectedBody, from)) return this.#bodyMatched()
    return this.#bytes === bodyLimit ? this.#judgeBody() : undefined
  }

  end(): ProbeResult {
    this.#text += this.#decoder.end()
    return this.#judgeBody()
  }

  #judgeBody(): ProbeResult {
    const { expectedBody } = this.#settings
    if (this.#bytes === 0) return this.#result(false, 'L7RSP', 'the response has no body')
    if (expectedBody instanceof RegExp) {
      // An expression with the flag g or y goes on where its last match ended.
      expectedBody.lastIndex = 0
      if (expectedBody.test(this.#text)) return this.#bodyMatched()
    }
    const sought = typeof expectedBody === 'string' ? JSON.stringify(expectedBody) : String(expectedBody)
    const range = this.#bytes === bodyLimit ? 'the first 64 KiB of the body do' : 'the body does'
    return this.#result(false, 'L7RSP', `${range} not have ${sought}`)
  }

  #bodyMatched(): ProbeResult {
    return this.#result(true, 'L7OK', `HTTP status ${this.#status}, body as expected`)
  }

  #result(passed: boolean, status: ProbeResult['status'], reason: string): ProbeResult {
    return { passed, status, code: this.#status, reason }
  }
}
