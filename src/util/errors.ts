/** Every code that an {@link EvenkeelError} can carry. Codes are stable: branch on them, never on a message. */
export type ErrorCode =
  /** An option is unknown, of the wrong type or out of range. */
  | 'ERR_EVENKEEL_OPTION'
  /** A look-up by name found nothing. */
  | 'ERR_EVENKEEL_UNKNOWN_NAME'
  /** An operation does not fit the object's present state, such as a second `listen()`. */
  | 'ERR_EVENKEEL_STATE'
  /** A bind could not be opened; `cause` has the system's error. */
  | 'ERR_EVENKEEL_BIND'
  /** A callback of the application threw, or gave back something that it must not. */
  | 'ERR_EVENKEEL_CALLBACK'
  /** A request reached `handler()` with its body already read by somebody else. */
  | 'ERR_EVENKEEL_BODY_CONSUMED'
  /** Something did not finish within the time that it was given. */
  | 'ERR_EVENKEEL_TIMEOUT'

/** An error that evenkeel throws or reports. `code` says which kind it is. */
export class EvenkeelError extends Error {
  override readonly name = 'EvenkeelError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** An option that was refused: says which one, what came, and what it takes. */
export class OptionError extends EvenkeelError {
  constructor(
    /** Where the option stands, such as `backends.app.servers[1].weight`. */
    readonly path: string,
    /** The value that came. */
    readonly value: unknown,
    /** What the option takes, in words. */
    readonly expected: string,
  ) {
    super('ERR_EVENKEEL_OPTION', `${path}: got ${show(value)}, takes ${expected}`)
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'function') return `a function`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no prototype'})`
  return String(value)
}
