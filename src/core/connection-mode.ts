import { OptionError } from '../util/errors.js'
import type { OptionReader } from '../util/options.js'

/** What becomes of connections after a response. A frontend and a backend may both say it: the stronger word counts. */
export interface ConnectionModeOptions {
  /**
   * Closes the server's connection after each response, and says so to the server (`Connection: close`); the client's
   * goes on. Default false. HAProxy: `option http-server-close`.
   */
  readonly httpServerClose?: boolean
  /**
   * Closes the server's connection after each response, and on a frontend the client's too, and says so to both.
   * Default false. HAProxy: `option httpclose`.
   */
  readonly httpClose?: boolean
}

/** The same, read and complete: at most one of them is true. */
export interface ConnectionMode {
  readonly httpServerClose: boolean
  readonly httpClose: boolean
}

/** The names of the options of which only one can hold. */
export const connectionModes = ['httpServerClose', 'httpClose'] as const

/** Reads both options. */
export function readConnectionMode(reader: OptionReader): ConnectionMode {
  const httpServerClose = reader.boolean('httpServerClose') ?? false
  const httpClose = reader.boolean('httpClose') ?? false
  if (httpServerClose && httpClose) {
    throw new OptionError(reader.pathOf('httpServerClose'), true, 'false or nothing beside httpClose, which says more')
  }
  return { httpServerClose, httpClose }
}
