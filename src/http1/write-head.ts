import { chunked } from '../core/message/framing.js'
import type { RequestHead, ResponseHead } from '../core/message/head.js'
import { addedText, type HeadEdits } from '../core/message/head-edits.js'
import { authorityOf, hostOf } from '../core/message/host-conflict.js'
import type { Address } from '../util/address.js'
import type { DateField } from './date-field.js'

/**
 * A request's head for the next hop: the received lines with the edits, and framing and upgrade of this hop. `isLast`
 * tells the server that the connection ends with it.
 */
export function requestText(head: RequestHead, edits: readonly HeadEdits[], server: Address, isLast = false): string {
  let text = `${head.method} ${head.target} HTTP/1.1\r\n${head.forwardedText(edits)}`
  if (head.bodyLength === chunked) text += 'Transfer-Encoding: chunked\r\n'
  if (head.upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
  else if (isLast) text += 'Connection: close\r\n'
  if (head.minorVersion === 0) text += missingHost(head, edits, server)
  return `${text}\r\n`
}

/** HTTP/1.0 need have no Host, HTTP/1.1 must have one: whom the target names, else the server. */
function missingHost(head: RequestHead, edits: readonly HeadEdits[], server: Address): string {
  if (head.get('host') !== undefined || addedText(edits).search(/^host:/im) >= 0) return ''
  return `Host: ${authorityOf(head.target) ?? hostOf(server)}\r\n`
}

/**
 * A response's head for the client. `connection` is what the client is told about it: nothing, that it ends, or (HTTP/1.0)
 * that it goes on.
 */
export function responseText(
  head: ResponseHead,
  edits: readonly HeadEdits[],
  isChunked: boolean,
  connection: 'close' | 'keep-alive' | undefined,
  date: DateField,
): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.forwardedText(edits)}`
  if (head.get('date') === undefined) text += `Date: ${date.now}\r\n`
  if (isChunked) text += 'Transfer-Encoding: chunked\r\n'
  if (connection !== undefined) text += `Connection: ${connection}\r\n`
  return `${text}\r\n`
}

/** The head of a response that makes a tunnel of the connection: a switch of protocols, or what CONNECT asked for. */
export function tunnelText(head: ResponseHead, edits: readonly HeadEdits[], request: RequestHead): string {
  const isSwitch = head.status === 101
  const upgrade = isSwitch ? `Connection: Upgrade\r\nUpgrade: ${head.upgrade ?? request.upgrade}\r\n` : ''
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${upgrade}${head.forwardedText(edits)}\r\n`
}
