import type { Duplex } from 'node:stream'
import type { Deadline } from '../util/deadline.js'
import type { TryFailure } from './failure.js'
import type { RequestHead, ResponseHead } from './message/head.js'
import type { HeadEdits } from './message/head-edits.js'
import type { Session } from './session.js'

/** A piece of a body: bytes, or a latin1 string where a carrier already holds one. */
export type Chunk = Buffer | string

/**
 * The client's side of one exchange. A carrier implements it, on its connection or stream object, and tells the
 * exchange what the client does: `start` through the frontend, then {@link ClientListener}.
 */
export interface Downstream {
  /** The moment that the exchange may set, one at a time: the carrier's, so that a connection reuses its timer. */
  readonly deadline: Deadline
  /** Nothing that was given waits in memory to be sent: whoever gave it may use its buffer again. */
  readonly isFlushed: boolean
  /** Sends a 1xx response, when the client's version and the moment allow it; a 100 only to a client that waits for it. */
  informational(head: ResponseHead): void
  /**
   * Sends the response's head, and in the same write the first piece of its body where there is one. `ended` says that
   * the response is complete with it; false as the result asks to wait for `clientDrained`. Throws, before anything has
   * gone out, for a head that the carrier can't send.
   */
  respond(head: ResponseHead, edits: readonly HeadEdits[], first: Chunk | undefined, ended: boolean): boolean
  /** Sends a piece of the body. False asks to wait for `clientDrained`. */
  write(chunk: Chunk): boolean
  /** Ends the body, with trailer fields (flat) where the client can take them. */
  end(trailers: readonly string[] | undefined): void
  /** Breaks the client's connection or stream, so that the client can't take what it has for a whole response. */
  abort(): void
  /** Stops the request's body from being read. */
  pauseBody(): void
  /** Lets the request's body come. */
  resumeBody(): void
  /**
   * Joins the client to a server after an upgrade or in TCP mode: bytes pass both ways until both sides have ended.
   * `head` is the 101 response (or 2xx to CONNECT) to send first; undefined in TCP mode.
   */
  tunnel(server: Duplex, head: ResponseHead | undefined, edits: readonly HeadEdits[], limits: TunnelLimits): void
}

/** What a downstream carrier tells the exchange. */
export interface ClientListener extends TunnelListener {
  /** A piece of the request's body arrived. */
  clientData(chunk: Chunk): void
  /** The request's body is complete. */
  clientEnd(trailers: readonly string[] | undefined): void
  /** What was refused by `write` has gone out. */
  clientDrained(): void
  /**
   * The client sends no more, and its request is complete. Gives whether it is to be answered all the same: one that has
   * left can't be told from one that waits.
   */
  clientHalfClosed(): boolean
  /** The client is gone, before its response was complete. Called once at most; nothing follows. */
  clientAborted(): void
  /** The request turned out to be malformed after its head, such as a bad chunk. Nothing follows. */
  clientFailed(): void
}

/** How long a tunnel may be silent: milliseconds, `Infinity` for no limit. */
export interface TunnelLimits {
  /** While either side may speak. */
  readonly idle: number
  /** While only the client may: the server's end has been passed on to it. */
  readonly clientFin: number
  /** While only the server may: the client's end has been passed on to it. */
  readonly serverFin: number
}

/** Who is told of a tunnel. */
export interface TunnelListener {
  /** So many bytes came from the client and from the server. */
  tunnelPassed(bytesIn: number, bytesOut: number): void
  /** It is over. Undefined: both sides have ended. Nothing follows. */
  tunnelEnded(failure: 'client-aborted' | 'server-lost' | 'client-timeout' | 'server-timeout' | undefined): void
}

/** What a transport reads of an exchange in order to send it. The head is undefined in TCP mode. */
export interface OutgoingRequest {
  readonly head: RequestHead | undefined
  /** The edits to lay over the head: the exchange's, then this try's. */
  readonly requestEdits: readonly HeadEdits[]
  /** The client's connection, which may have server connections of its own. */
  readonly session: Session
  /** Whether nothing is lost where the request rides on a connection that served before and turns out dead. */
  readonly mayReuse: boolean
  /** Whether a try has failed before: this one rides on a fresh connection. */
  readonly isRetry: boolean
  /** Whether the connection ends with this exchange, and the server is told. */
  readonly closes: boolean
}

/** The server's side: sends exchanges to one server. Made for each server by a {@link TransportFactory}. */
export interface Transport {
  /** What this transport can't carry; the exchange makes up for it. */
  readonly capabilities: TransportCapabilities
  /** Makes one try, which does nothing before its `send`. */
  open(request: OutgoingRequest, listener: ServerListener): Try
  /** Closes idle connections now and the others after their exchange. */
  close(): void
}

/** What a transport can and can't carry. */
export interface TransportCapabilities {
  /** `Expect: 100-continue` reaches the server; else the exchange answers it and takes the field out. */
  readonly expectContinue: boolean
  /** Trailer fields of requests reach the server; else they are dropped and counted. */
  readonly requestTrailers: boolean
}

/** One try, for the exchange to command. After `abort` it stays silent. */
export interface Try {
  /**
   * Starts. `first` is a piece of the body that is at hand, `ended` whether the request is complete with it. Everything
   * else of the body comes after `serverConnected`.
   */
  send(first: Chunk | undefined, ended: boolean): void
  /** Sends a piece of the body. False asks to wait for `serverDrained`. */
  write(chunk: Chunk): boolean
  /** Ends the body. */
  end(trailers: readonly string[] | undefined): void
  /** Stops the response's body from being read. */
  pause(): void
  resume(): void
  /** Gives the try up and frees what it holds; a server connection in use is closed. */
  abort(): void
}

/** What a transport tells the exchange about its try. */
export interface ServerListener {
  /** Nothing that it was told waits in memory: a read buffer may be used again. */
  readonly isFlushed: boolean
  /** A connection is there and the request goes out on it. `reused`: it had served an earlier one. */
  serverConnected(reused: boolean): void
  /** What was refused by `write` has gone out. */
  serverDrained(): void
  /** A 1xx response other than 101. */
  serverInformational(head: ResponseHead): void
  /** The response's head, with the first piece of its body where it came along; `ended`: the response is complete. */
  serverHead(head: ResponseHead, first: Chunk | undefined, ended: boolean): void
  serverData(chunk: Chunk): void
  serverEnd(trailers: readonly string[] | undefined): void
  /** The server switched protocols, or the TCP connection stands: the stream is the listener's from now on. */
  serverTunnel(stream: Duplex, head: ResponseHead | undefined): void
  /** The try came to nothing or broke off. Nothing follows. */
  serverFailed(failure: TryFailure): void
}
