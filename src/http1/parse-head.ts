import type { RequestDefect } from '../core/message/head.js'
import {
  defaultRequestLimits,
  defaultResponseLimits,
  type RequestLimits,
  type ResponseLimits,
} from '../core/message/head-limits.js'
import { authorityOf, isHost } from '../core/message/host-conflict.js'
import { TextFields } from './text-fields.js'
import { TextRequestHead, TextResponseHead } from './text-head.js'

const tab = 9
const lf = 10
const cr = 13
const space = 32
const del = 127

/** No target has a blank, a control, a byte above ASCII, or a fragment (RFC 9112 3.2). */
const requestLine = /[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21\x22\x24-\x7e]+ HTTP\/1\.[01]\r\n/y
const statusLine = /HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/y
/** What follows the target in a request line. */
const versionLength = ' HTTP/1.1\r\n'.length
/** Where a status line's parts are. */
const minorAt = 'HTTP/1.'.length
const statusAt = 'HTTP/1.1 '.length
const reasonAt = 'HTTP/1.1 200 '.length

/** All lines of fields and the empty line: no bare CR or LF, no folding, no blank before the colon, no control (5). */
const fieldLines = /(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y

/** One line of a field. */
const fieldLine = /[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n/y

/**
 * How much of what has come is tried as a head at once. Most heads are shorter; a longer one is read a second time, and
 * more would be wasted on the body that came along.
 */
const window = 4096

/**
 * Reads the request's head that starts at `from`. `seen` bytes of it have been looked at before, in vain. `known` are the
 * fields of the connection's last request: most clients say the same ones again, and those are not read again.
 * Undefined: the head is not whole yet, and what has come of it may still become one.
 */
export function readRequestHead(
  bytes: Buffer,
  from: number,
  seen: number,
  limits: RequestLimits = defaultRequestLimits,
  known?: TextFields,
): TextRequestHead | RequestDefect | undefined {
  if (seen === 0) {
    const head = parseRequestHead(bytes.toString('latin1', from, Math.min(bytes.length, from + window)), limits, known)
    if (typeof head !== 'string') return head
  }
  const end = findHeadEnd(bytes, from, seen)
  if ((end < 0 ? bytes.length : end) - from > limits.maxHeaderBytes) return tooLarge(bytes, from, limits)
  if (end >= 0) return parseRequestHead(bytes.toString('latin1', from, end), limits)
  return isHopeless(bytes, from, seen, requestLine) ? 'bad-request' : undefined
}

/**
 * Reads the response's head, to a request of that method, that stands in the first `to` bytes; `known` are the fields of
 * the connection's last response. False: it is no head, or one that can be read in two ways.
 */
export function readResponseHead(
  bytes: Buffer,
  to: number,
  seen: number,
  method: string,
  limits: ResponseLimits = defaultResponseLimits,
  known?: TextFields,
): TextResponseHead | false | undefined {
  if (seen === 0) {
    const text = bytes.toString('latin1', 0, Math.min(to, window))
    const head = parseResponseHead(text, method, known)
    if (head !== undefined) return isWithin(head, limits) && head
  }
  const received = bytes.subarray(0, to)
  const end = findHeadEnd(received, 0, seen)
  if ((end < 0 ? to : end) > limits.maxHeaderBytes) return false
  if (end >= 0) {
    const head = parseResponseHead(received.toString('latin1', 0, end), method)
    return head !== undefined && isWithin(head, limits) && head
  }
  const isOther = !'HTTP/1.'.startsWith(received.toString('latin1', 0, 7))
  return isOther || isHopeless(received, 0, seen, statusLine) ? false : undefined
}

/** What fits into the window may still be over limits that are set low. */
function isWithin(head: TextResponseHead, { maxHeaderBytes, maxHeaders }: ResponseLimits): boolean {
  return head.length <= maxHeaderBytes && head.fields.count <= maxHeaders
}

/** Where the head that starts at `from` ends, its empty line included; -1: not yet. */
function findHeadEnd(bytes: Buffer, from: number, seen: number): number {
  // The end may have begun in what was there before.
  const end = bytes.indexOf('\r\n\r\n', from + Math.max(0, seen - 3), 'latin1')
  return end < 0 ? -1 : end + 4
}

/** A head that is too large is so because of its target, or else of its fields. */
function tooLarge(bytes: Buffer, from: number, limits: RequestLimits): RequestDefect {
  const start = bytes.indexOf(space, from) + 1
  const end = bytes.indexOf(space, start)
  return start > 0 && (end < 0 ? bytes.length : end) - start > limits.maxTargetBytes
    ? 'target-too-long'
    : 'head-too-large'
}

/**
 * Whether what has come of a head can't become one any more: whoever sent that needs no more time. Looks at every byte
 * and every line once, however slowly they come.
 */
function isHopeless(bytes: Buffer, from: number, seen: number, firstLine: RegExp): boolean {
  for (let at = from + seen; at < bytes.length; at++) {
    const byte = bytes[at]!
    const isAfterCr = at > from && bytes[at - 1] === cr
    if (isAfterCr !== (byte === lf)) return true
    if (byte === lf && !isLine(bytes, from, at, firstLine)) return true
    if ((byte < space && byte !== tab && byte !== cr && byte !== lf) || byte === del) return true
  }
  return false
}

/** Whether the line that ends at `end` is what it should be: the first one, or a field. */
function isLine(bytes: Buffer, from: number, end: number, firstLine: RegExp): boolean {
  const start = Math.max(from, bytes.lastIndexOf(lf, end - 1) + 1)
  const line = start === from ? firstLine : fieldLine
  line.lastIndex = 0
  return line.test(bytes.toString('latin1', start, end + 1))
}

/** Reads the request's head that `text` starts with. */
export function parseRequestHead(
  text: string,
  limits: RequestLimits = defaultRequestLimits,
  known?: TextFields,
): TextRequestHead | RequestDefect {
  requestLine.lastIndex = 0
  if (!requestLine.test(text)) return 'bad-request'
  const start = requestLine.lastIndex
  const fields = readFields(text, start, known)
  const blank = text.indexOf(' ')
  const method = text.slice(0, blank)
  const target = text.slice(blank + 1, start - versionLength)
  if (fields === undefined || !isTarget(method, target)) return 'bad-request'
  if (target.length > limits.maxTargetBytes) return 'target-too-long'
  const length = start + fields.text.length + 2
  if (length > limits.maxHeaderBytes) return 'head-too-large'
  return new TextRequestHead(fields, method, target, digitAt(text, start - 3), length, limits.maxHeaders)
}

/** Whether these very fields stand at `start`, and the empty line after them. */
function isFollowedBy(text: string, start: number, fields: string): boolean {
  const end = start + fields.length
  return text.charCodeAt(end) === cr && text.charCodeAt(end + 1) === lf && text.slice(start, end) === fields
}

/** The fields that start there, which may be known; undefined: something among them is none, or their end is missing. */
function readFields(text: string, start: number, known: TextFields | undefined): TextFields | undefined {
  if (known !== undefined && isFollowedBy(text, start, known.text)) return known
  fieldLines.lastIndex = start
  return fieldLines.test(text) ? new TextFields(text.slice(start, fieldLines.lastIndex - 2)) : undefined
}

/** Reads the response's head that `text` starts with; undefined when it is none, or one that can be read in two ways. */
export function parseResponseHead(text: string, method: string, known?: TextFields): TextResponseHead | undefined {
  statusLine.lastIndex = 0
  if (!statusLine.test(text)) return undefined
  const start = statusLine.lastIndex
  const fields = readFields(text, start, known)
  if (fields === undefined) return undefined
  const minor = digitAt(text, minorAt)
  const status = digitAt(text, statusAt) * 100 + digitAt(text, statusAt + 1) * 10 + digitAt(text, statusAt + 2)
  // HTTP/1.0 has no informational responses: its readers take one for the final response.
  if (minor === 0 && status < 200) return undefined
  const length = start + fields.text.length + 2
  const head = new TextResponseHead(fields, status, text.slice(reasonAt, start - 2), minor, method, length, text)
  return head.isAmbiguous ? undefined : head
}

function digitAt(text: string, position: number): number {
  return text.charCodeAt(position) - 48
}

/** Whether a target has one of the four forms of RFC 9112 3.2. */
function isTarget(method: string, target: string): boolean {
  if (method === 'CONNECT') return isHost(target) && /.:\d+$/.test(target)
  if (target.charCodeAt(0) === 47) return true
  if (target === '*') return method === 'OPTIONS'
  const authority = authorityOf(target)
  return authority !== undefined && isHost(authority) && !/^(?::|$)/.test(authority)
}
