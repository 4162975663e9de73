/** A request as a server gets it. */
export interface Forwarded {
  /** Method and target. */
  readonly line: string
  readonly body: string
}

/** What a client sends on one connection, and what must become of it. */
export interface RequestCase {
  readonly name: string
  /** Its bytes, as latin1 text. */
  readonly send: string
  /** The requests that a server gets, whole and in order. */
  readonly forwarded: readonly Forwarded[]
  /** The status that the client gets after the answers to these, and the end of its connection; undefined: nothing is refused. */
  readonly refused: number | undefined
  /** The client ends its side after what it sent. */
  readonly ends: boolean
}

/** What a server sends as its answer to one request, and what must become of it. */
export interface ResponseCase {
  readonly name: string
  /** The request's method. */
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** The answer's bytes, as latin1 text. */
  readonly send: string
  /** The server ends its side after what it sent. */
  readonly ends: boolean
  /** What the client gets, whole: that status and that body, or 502; `broken`: the beginning of it, and no proper end. */
  readonly outcome: { readonly status: number; readonly body: string } | 'broken'
  /** Whether the connection to the server may carry another request. */
  readonly keeps: boolean
}

/** What an attacker wants to be taken for a request of its own. */
export const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** A request with Host first among its fields. */
export function request(line: string, fields: readonly string[] = [], body = ''): string {
  return `${[`${line} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n')}${body}`
}

/** A POST with these fields, and what follows its head. */
export function post(fields: readonly string[], body = ''): string {
  return request('POST /', fields, body)
}

/** A response of status 200 with these fields, and what follows its head. */
export function ok(fields: readonly string[], body = ''): string {
  return `${['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n')}${body}`
}

type Texts = Readonly<Record<string, string>>
type Expected = readonly [line: string, body?: string]

/** Cases of which nothing reaches a server: the client gets that status. */
export function refuses(status: number, texts: Texts, ...before: readonly Expected[]): RequestCase[] {
  return Object.entries(texts).map(([name, send]) => ({
    name,
    send,
    forwarded: before.map(([line, body = '']) => ({ line, body })),
    refused: status,
    ends: false,
  }))
}

/** Cases that reach a server as exactly these requests. */
export function forwards(
  cases: Readonly<Record<string, readonly [send: string, ...forwarded: Expected[]]>>,
): RequestCase[] {
  return Object.entries(cases).map(([name, [send, ...expected]]) => ({
    name,
    send,
    forwarded: expected.map(([line, body = '']) => ({ line, body })),
    refused: undefined,
    ends: false,
  }))
}

/** Cases that end before a request does: no server gets a whole one. */
export function cutsOff(texts: Texts): RequestCase[] {
  return Object.entries(texts).map(([name, send]) => ({ name, send, forwarded: [], refused: undefined, ends: true }))
}

interface Manner {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly ends?: boolean
  /** Default false. */
  readonly keeps?: boolean
}

function answers(outcome: ResponseCase['outcome'], texts: Texts, manner: Manner): ResponseCase[] {
  const { method = 'GET', ends = false, keeps = false } = manner
  return Object.entries(texts).map(([name, send]) => ({ name, method, send, ends, outcome, keeps }))
}

/** Answers that the client gets whole. */
export function delivers(status: number, body: string, texts: Texts, manner: Manner = {}): ResponseCase[] {
  return answers({ status, body }, texts, manner)
}

/** Answers that the client must not see: it gets 502. */
export function withholds(texts: Texts, manner: Manner = {}): ResponseCase[] {
  return Object.entries(texts).map(([name, send]) => ({
    name,
    method: manner.method ?? 'GET',
    send,
    ends: manner.ends ?? false,
    outcome: { status: 502, body: '' },
    keeps: false,
  }))
}

/** Answers that turn out bad after the client got their beginning. */
export function breaksOff(texts: Texts, manner: Manner = {}): ResponseCase[] {
  return answers('broken', texts, manner)
}
