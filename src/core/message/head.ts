import type { BodyLength } from './framing.js'
import type { HeadEdits } from './head-edits.js'

/**
 * The fields of a message as they were received. They never change: what shall go out differently is said in
 * {@link HeadEdits}, which are laid over the head when it is written.
 *
 * There are two kinds of source behind this interface: received text, and a flat list of names and values as
 * `node:http`, undici and HTTP/2 give it ({@link RawHead}). Either can be written as a list or as text.
 */
export interface Head {
  /** The value of the first field of that name, given in lower case; `undefined` when there is none. */
  get(name: string): string | undefined
  /** The values of all fields of that name, given in lower case, in the order received. */
  getAll(name: string): string[]
  /**
   * The fields that go on to the next hop, flat (`[name, value, name, value]`): those received, in their order and
   * case, less the hop-by-hop ones and what the edits remove, then what the edits add.
   */
  forwardedList(edits: readonly HeadEdits[]): string[]
  /** The same as lines of text, each ended by CRLF, without the empty line that ends a head. */
  forwardedText(edits: readonly HeadEdits[]): string

  /** How many bytes it has as HTTP/1 writes it: start line, fields, and the empty line. */
  readonly length: number
  /** How the message's body is delimited. */
  readonly bodyLength: BodyLength
  /** The protocols that the sender offers or accepts to switch to (`Upgrade`, when `Connection` names it). */
  readonly upgrade: string | undefined
}

/** Why a request's head is refused. */
export type RequestDefect = 'bad-request' | 'target-too-long' | 'head-too-large' | 'unsupported'

/** The head of a request. */
export interface RequestHead extends Head {
  readonly method: string
  /** The request target exactly as received. */
  readonly target: string
  /** The minor version of HTTP/1: 0 or 1. What came in another version is as if it had come in 1.1. */
  readonly minorVersion: number
  /** What it came in, such as `HTTP/1.1`. */
  readonly version: string
  /** Something about the head as a whole that makes it unsafe to forward. */
  readonly defect: RequestDefect | undefined
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
}

/** The head of a response. */
export interface ResponseHead extends Head {
  readonly status: number
  readonly reason: string
}
