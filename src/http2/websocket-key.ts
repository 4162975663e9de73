import { createHash } from 'node:crypto'
import type { ResponseHead } from '../core/message/head.js'

/** What RFC 6455 1.3 adds to a key. */
const seal = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What a WebSocket server answers to that key. */
export function answerToKey(key: string): string {
  return createHash('sha1')
    .update(key + seal, 'latin1')
    .digest('base64')
}

/** Whether a server that switched protocols has seen the key: else it is no WebSocket server. */
export function acceptsKey(head: ResponseHead | undefined, key: string): boolean {
  return head?.get('sec-websocket-accept') === answerToKey(key)
}
