import type { Socket } from 'node:net'
import type { CheckSettings, HttpCheckSettings } from '../core/check-options.js'
import type { ProbeResult } from '../core/check-result.js'
import { dial } from '../net/dialer.js'
import type { Target } from '../net/target.js'
import { formatAddress } from '../util/address.js'
import type { ResponseListener } from './check-request.js'
import { connectFailure, connectStopped } from './connect-failure.js'
import { ExpectedResponse } from './expected-response.js'
import { sendHttp10 } from './http10-request.js'
import { sendHttp11 } from './http11-request.js'
import type { ServerProbe } from './server-probe.js'

/**
 * Makes a probe that sends one HTTP request on a connection of its own, and passes when the response is what `http`
 * expects. HAProxy: `option httpchk`.
 */
export function httpProbe(http: HttpCheckSettings, { timeout }: CheckSettings): ServerProbe {
  return (target, signal) => {
    if (signal.aborted) return Promise.resolve(connectStopped)
    return new Promise((resolve) => new HttpCheck(http, target, timeout, signal, resolve))
  }
}

/** One check, from its dial to its result. */
class HttpCheck implements ResponseListener {
  readonly #http: HttpCheckSettings
  readonly #target: Target
  readonly #signal: AbortSignal
  readonly #resolve: (result: ProbeResult) => void
  readonly #expected: ExpectedResponse
  /** Ends whatever is under way: the dial, then the request. */
  #close: () => void
  #isConnected = false
  #isOver = false

  constructor(
    http: HttpCheckSettings,
    target: Target,
    timeout: number,
    signal: AbortSignal,
    resolve: (result: ProbeResult) => void,
  ) {
    this.#http = http
    this.#target = target
    this.#signal = signal
    this.#resolve = resolve
    this.#expected = new ExpectedResponse(http)
    signal.addEventListener('abort', this.#stop, { once: true })
    this.#close = dial(target, { timeout }, ({ socket, error }) => {
      if (socket === undefined) this.#settle(connectFailure(error))
      else this.#send(socket)
    })
  }

  #send(socket: Socket): void {
    this.#isConnected = true
    // For the moments before and after the request has listeners of its own.
    socket.on('error', ignore)
    const { method, path, headers, body, version } = this.#http
    const send = version === '1.0' ? sendHttp10 : sendHttp11
    const close = send(socket, { method, path, host: this.#host(), headers, body }, this)
    this.#close = close
    // A request that could not even be sent has ended the check by now.
    if (this.#isOver) close()
  }

  #host(): string | undefined {
    if (this.#http.host !== undefined || this.#http.version === '1.0') return this.#http.host
    // A zone is known to this machine only (RFC 6874, 4).
    const { address } = this.#target
    return 'path' in address ? 'localhost' : formatAddress(address).replace(/%.*\]/, ']')
  }

  head(status: number): void {
    this.#settle(this.#expected.head(status))
  }

  data(chunk: Buffer): void {
    if (!this.#isOver) this.#settle(this.#expected.data(chunk))
  }

  end(): void {
    if (!this.#isOver) this.#settle(this.#expected.end())
  }

  failed(error: Error): void {
    // HAProxy calls a connection that broke after it stood a socket error, and one that ended an invalid response.
    const status = 'syscall' in error ? 'SOCKERR' : 'L7RSP'
    this.#settle({ passed: false, status, reason: error.message })
  }

  readonly #stop = () => {
    const stopped: ProbeResult = { passed: false, status: 'L7TOUT', reason: 'no complete answer in time' }
    this.#settle(this.#isConnected ? stopped : connectStopped)
  }

  /** Ends the check with its result, if it is there and the first one. */
  #settle(result: ProbeResult | undefined): void {
    if (result === undefined || this.#isOver) return
    this.#isOver = true
    this.#signal.removeEventListener('abort', this.#stop)
    this.#close()
    this.#resolve(result)
  }
}

function ignore(): void {}
