import http from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { isForbiddenTrailer } from '../../../src/core/message/trailers.js'
import { type KnownDifference, knownDifferences } from './known-differences.js'
import type { Message, Reading } from './reading.js'

/** What a comparison found: nothing, a known difference, or one that nobody knows. */
export type Finding =
  | { readonly kind: 'agreement' }
  | { readonly kind: 'known'; readonly difference: KnownDifference }
  | { readonly kind: 'unknown'; readonly claim: string }

const agreement: Finding = { kind: 'agreement' }

/** A difference at a message of the engine's, which is known or not. */
function different(claim: string, message: Message | undefined): Finding {
  const difference = knownDifferences.find(({ claims, concerns }) => claims.test(claim) && concerns(message?.raw ?? ''))
  return difference === undefined ? { kind: 'unknown', claim } : { kind: 'known', difference }
}

/** Compares what the engine and Node made of the same bytes: whatever both accept they must read alike. */
export function compare(engine: Reading, node: Reading): Finding {
  for (let i = 0; i < Math.max(engine.messages.length, node.messages.length); i++) {
    const finding = compareMessage(engine, node, i)
    if (finding !== undefined) return finding
  }
  return agreement
}

/** The finding at one message; undefined: they agree, and go on. */
function compareMessage(engine: Reading, node: Reading, i: number): Finding | undefined {
  const own = engine.messages[i]
  const other = node.messages[i]
  if (own === undefined) {
    return engine.refusal === undefined ? different('only Node sees a message', engine.messages[i - 1]) : agreement
  }
  if (other === undefined) return refusedByNode(node, own, engine.messages[i - 1])
  const part = differentPart(own, other)
  if (part !== undefined) return different(`they differ in ${part}`, own)
  if (!own.isComplete && other.isComplete) {
    return engine.refusal === undefined ? different('the engine waits for the end of a message', own) : agreement
  }
  // After an upgrade Node, whose server takes none, loses what comes.
  if (/upgrade/i.test(own.head.getAll('connection').join()) && own.head.get('upgrade') !== undefined) return agreement
  return own.isComplete && !other.isComplete ? refusedByNode(node, own, own) : undefined
}

/** The engine accepts a message, Node does not, and has its reason for that in `cause`. */
function refusedByNode({ refusal }: Reading, message: Message, cause: Message | undefined): Finding {
  if (refusal === undefined) return different('Node waits for the end of a message', message)
  const isForeignMethod = !http.METHODS.includes(message.start.split(' ', 1)[0]!)
  if (refusal === 'HPE_INVALID_METHOD' && isForeignMethod) return agreement
  if (refusal === 'HPE_HEADER_OVERFLOW' || refusal === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return agreement
  return different(`Node refuses: ${refusal}`, refusal === 'HPE_CLOSED_CONNECTION' ? cause : message)
}

/** What two readings of a message differ in. */
function differentPart(own: Message, other: Message): string | undefined {
  if (own.start !== other.start) return `the first line (${own.start}, ${other.start})`
  if (own.count !== other.count) return 'the number of fields'
  if (!isDeepStrictEqual(own.head.forwardedList([]), other.head.forwardedList([]))) return 'the fields that go on'
  for (const name of namesOf(other)) {
    if (!isDeepStrictEqual(own.head.getAll(name), other.head.getAll(name))) return `the values of ${name}`
  }
  if (own.head.bodyLength !== other.head.bodyLength) return 'the framing'
  if (own.head.upgrade !== other.head.upgrade) return 'the upgrade'
  const isBodyAlike = own.isComplete && other.isComplete ? own.body === other.body : startsAlike(own.body, other.body)
  if (!isBodyAlike) return 'the body'
  return own.isComplete && other.isComplete && !areTrailersAlike(own.trailers, other.trailers)
    ? 'the trailers'
    : undefined
}

/** All names, those too that stay on this hop. */
function namesOf({ head }: Message): string[] {
  const hop = [
    'connection',
    'transfer-encoding',
    'te',
    'upgrade',
    'keep-alive',
    'proxy-connection',
    'content-length',
    'x-a',
  ]
  return [
    ...head
      .forwardedList([])
      .filter((_, i) => i % 2 === 0)
      .map((name) => name.toLowerCase()),
    ...hop,
  ]
}

function startsAlike(one: string, other: string): boolean {
  return one.length < other.length ? other.startsWith(one) : one.startsWith(other)
}

function areTrailersAlike(own: readonly string[], other: readonly string[]): boolean {
  const kept: string[] = []
  for (let i = 0; i < other.length; i += 2) {
    if (!isForbiddenTrailer(other[i]!.toLowerCase())) kept.push(other[i]!, other[i + 1]!)
  }
  return isDeepStrictEqual(own, kept)
}
