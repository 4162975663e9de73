import { type CheckOptions, readCheck } from '../core/check-options.js'

/**
 * A check that several backends or servers share: pass it as their `check` option. An object of the same options does
 * the same; this one is read, and refused if it is wrong, where it is written. HAProxy: `option httpchk`, and the check
 * keywords of a `default-server` line.
 *
 * @example
 * ```ts
 * const check = new HealthCheck({ http: { path: '/health', expect: { status: 200 } }, interval: '5s', rise: 2, fall: 3 })
 * const server = new Server('app1', { address: '127.0.0.1:5001', check })
 * ```
 */
export class HealthCheck {
  /** What it was made with. */
  readonly options: CheckOptions

  /** Throws an `OptionError` for a bad or unknown option; its path begins with `check`. */
  constructor(options: CheckOptions) {
    readCheck(undefined, { options }, 'check')
    this.options = Object.freeze({ ...options })
  }
}
