import type { CheckSettings } from '../core/check-options.js'
import type { ProbeResult } from '../core/check-result.js'
import { breakOff } from '../net/break-off.js'
import { dial } from '../net/dialer.js'
import { connectFailure, connectStopped } from './connect-failure.js'
import type { ServerProbe } from './server-probe.js'

/** Makes a probe that passes when a connection succeeds, and resets it at once. HAProxy: `check` without a method. */
export function tcpProbe({ timeout }: CheckSettings): ServerProbe {
  return (target, signal) => {
    if (signal.aborted) return Promise.resolve(connectStopped)
    return new Promise((resolve) => {
      const giveUp = dial(target, { timeout }, (outcome) => {
        signal.removeEventListener('abort', stop)
        if (outcome.socket === undefined) return resolve(connectFailure(outcome.error))
        outcome.socket.on('error', ignore)
        // A reset, as HAProxy sends it, leaves no connection in TIME_WAIT here; a Unix socket has none.
        // What stands there first would be lost with it.
        if (target.sendProxy !== undefined) outcome.socket.destroySoon()
        else breakOff(outcome.socket)
        resolve(target.tls === undefined ? connected : secured)
      })
      const stop = () => {
        giveUp()
        resolve(connectStopped)
      }
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}

const secured: ProbeResult = { passed: true, status: 'L6OK', reason: 'connected, with TLS' }
const connected: ProbeResult = { passed: true, status: 'L4OK', reason: 'connected' }

/** Nothing that happens to the connection from here on matters. */
function ignore(): void {}
