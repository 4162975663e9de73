import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'

/** A response of one's own in the place of one that the proxy would make. HAProxy: `errorfile`, `http-error`. */
export interface ErrorPage {
  readonly body: string | Buffer
  /** Default `text/html`. */
  readonly contentType?: string
  /** Further fields; not those that the proxy writes itself, such as Content-Length and Cache-Control. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Pages by the status that they replace. */
export type ErrorPages = Readonly<Record<number, ErrorPage>>

/** Reason phrases and HAProxy's sentences, which monitoring scripts match. */
const sentences: Readonly<Record<number, readonly [reason: string, sentence: string]>> = {
  400: ['Bad Request', 'Your browser sent an invalid request.'],
  408: ['Request Timeout', "Your browser didn't send a complete request in time."],
  414: ['URI Too Long', 'The target of the request is too long.'],
  431: ['Request Header Fields Too Large', 'The fields of the request are too large.'],
  500: ['Internal Server Error', 'An internal server error occurred.'],
  501: ['Not Implemented', 'The server does not support the functionality required to fulfill the request.'],
  502: ['Bad Gateway', 'The server returned an invalid or incomplete response.'],
  503: ['Service Unavailable', 'No server is available to handle this request.'],
  504: ['Gateway Timeout', "The server didn't respond in time."],
}

/** Statuses that a page can be given for. */
const replaceable = Object.keys(sentences).map(Number)

/** A complete local answer. */
export interface LocalAnswer {
  readonly status: number
  readonly reason: string
  /** Flat: name, value, name, value. */
  readonly fields: string[]
  readonly body: string | Buffer
}

/** Makes the answer for a status: the first of `pages` that has one, else a small body as `accept` prefers. */
export function errorAnswer(status: number, accept: string | undefined, pages: readonly ErrorPages[]): LocalAnswer {
  const [reason, sentence] = sentences[status] ?? ['Error', 'The request failed.']
  for (const page of pages) {
    const own = page[status]
    if (own !== undefined) return answer(status, reason, own.body, own.contentType ?? 'text/html', own.headers)
  }
  if (prefersJson(accept)) {
    const body = `${JSON.stringify({ status, error: reason, message: sentence })}\n`
    return answer(status, reason, body, 'application/json')
  }
  return answer(status, reason, `<html><body><h1>${status} ${reason}</h1>\n${sentence}\n</body></html>\n`, 'text/html')
}

function answer(
  status: number,
  reason: string,
  body: string | Buffer,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): LocalAnswer {
  const fields = ['Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-cache']
  fields.push('Content-Type', contentType)
  for (const [name, value] of Object.entries(headers)) fields.push(name, value)
  return { status, reason, fields, body: typeof body === 'string' ? Buffer.from(body) : body }
}

function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const json = accept.search(/application\/(?:[\w.+-]+\+)?json(?![\w.+-])/i)
  const html = accept.search(/text\/html|\*\/\*/i)
  return json >= 0 && (html < 0 || json < html)
}

/** Fields of answers that the proxy writes itself, in lower case: a page can't have its own. */
export const ownFields: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'transfer-encoding',
  'trailer',
  'connection',
  'keep-alive',
  'upgrade',
  'cache-control',
  'date',
])

/** Reads the `errorFiles` option. */
export function readErrorPages(value: unknown, path: string): ErrorPages {
  if (typeof value !== 'object' || value === null) throw new OptionError(path, value, 'a record of pages by status')
  const pages: Record<number, ErrorPage> = {}
  for (const [status, page] of Object.entries(value)) {
    const at = `${path}.${status}`
    if (!replaceable.includes(Number(status))) throw new OptionError(at, status, `one of ${replaceable.join(', ')}`)
    pages[Number(status)] = readPage(page, at)
  }
  return pages
}

function readPage(value: unknown, path: string): ErrorPage {
  if (typeof value === 'string') throw new OptionError(path, value, "{ body, ... }, or errorFile('path') of a file")
  const reader = new OptionReader(value, path)
  const body = reader.raw('body')
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    throw new OptionError(reader.pathOf('body'), body, 'a string or a Buffer')
  }
  const contentType = reader.read('contentType', readFieldValue)
  const headers = reader.read('headers', (fields, at) => {
    if (typeof fields !== 'object' || fields === null) throw new OptionError(at, fields, 'a record of fields')
    for (const [name, field] of Object.entries(fields)) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new OptionError(`${at}.${name}`, name, 'a field name')
      if (ownFields.has(name.toLowerCase())) {
        throw new OptionError(`${at}.${name}`, field, 'nothing, as the proxy writes this field itself')
      }
      readFieldValue(field, `${at}.${name}`)
    }
    return { ...fields } as Record<string, string>
  })
  reader.end()
  return { body, ...(contentType === undefined ? {} : { contentType }), ...(headers === undefined ? {} : { headers }) }
}

function readFieldValue(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value
  throw new OptionError(path, value, 'a field value: text without line breaks')
}
