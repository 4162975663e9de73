import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { EvenkeelError } from './errors.js'

/** A callback of the application that failed, and where. */
export interface Fault {
  /** What was thrown, wrapped: `error.cause` is the original. */
  readonly error: EvenkeelError
  /** What the callback was, such as `condition of frontends.main.routes[0]`. */
  readonly where: string
}

/** Events that every emitter of evenkeel has. */
export interface FaultEvents {
  /** A callback of the application threw. Without a listener, one process warning per place is emitted instead. */
  fault: [fault: Fault]
}

/**
 * An event emitter whose listeners can't hurt the emitter: one that throws, or gives a promise that rejects, is reported
 * as a fault, and the others are still called.
 */
export class Emitter<Events extends Record<keyof Events, unknown[]>> extends EventEmitter<Events> {
  readonly #warned = new Set<string>()

  /** Calls every listener of `name`. Never throws. @internal */
  notify<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): void {
    const listeners = (this as EventEmitter).rawListeners(name)
    for (const listener of listeners) {
      try {
        const result: unknown = Reflect.apply(listener, this, args)
        if (result instanceof Promise) result.catch((thrown: unknown) => this.#listenerFailed(thrown, name))
      } catch (thrown) {
        this.#listenerFailed(thrown, name)
      }
    }
  }

  #listenerFailed(thrown: unknown, name: string): void {
    const fault = toFault(thrown, `listener of '${name}'`)
    // A fault listener that fails must not be told of its own fault.
    if (name === 'fault') this.#warn(fault)
    else this.report(fault)
  }

  /** Reports that a callback of the application failed. Never throws. @internal */
  fault(thrown: unknown, where: string): void {
    this.report(toFault(thrown, where))
  }

  /** Hands on a fault that another emitter reported. @internal */
  report(fault: Fault): void {
    if ((this as EventEmitter).listenerCount('fault') > 0) (this as Emitter<FaultEvents>).notify('fault', fault)
    else this.#warn(fault)
  }

  #warn({ error, where }: Fault): void {
    if (this.#warned.has(where)) return
    this.#warned.add(where)
    process.emitWarning(error.message, { type: 'EvenkeelWarning', code: error.code })
  }
}

function toFault(thrown: unknown, where: string): Fault {
  if (thrown instanceof EvenkeelError) return { error: thrown, where }
  const reason = thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : inspect(thrown)
  return { error: new EvenkeelError('ERR_EVENKEEL_CALLBACK', `${where} failed: ${reason}`, { cause: thrown }), where }
}
