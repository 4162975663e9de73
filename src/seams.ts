/**
 * What a carrier is made with, beside the public surface: the exchange, its two sides, and the heads that pass between
 * them. Here it is for parts of this package that bring traffic without sockets (`evenkeel/testing`); it is no entry
 * point, as it may still change.
 *
 * @module
 */
export type { Downstream, OutgoingRequest, ServerListener, Transport, Try } from './core/carrier.js'
export { Exchange } from './core/exchange.js'
export { type AskedRequest, readRequest } from './core/frontend.js'
export type { ResponseHead } from './core/message/head.js'
export type { HeadEdits } from './core/message/head-edits.js'
export { RawRequestHead, RawResponseHead } from './core/message/raw-head.js'
export type { Session } from './core/session.js'
