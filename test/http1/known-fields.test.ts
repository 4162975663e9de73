import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRequestHead, parseResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, TextResponseHead } from '../../src/http1/text-head.js'

const lines = fc.subarray([
  'Host: a.test',
  'Content-Length: 3',
  'Content-Length: 4',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive, X',
  'X: 1',
  'Date: today',
  'Upgrade: websocket',
])
const fields = fc.oneof(lines, fc.constant(['Host: a.test', 'Content-Length: 3', 'X: 1']))
const version = fc.constantFrom('1.0', '1.1')

/** All that a head says. */
function told(head: unknown): unknown {
  if (!(head instanceof TextRequestHead || head instanceof TextResponseHead)) return head
  const { bodyLength, keepsAlive, upgrade, length } = head
  const own = head instanceof TextRequestHead ? [head.defect, head.method, head.expectsContinue] : [head.status]
  return { bodyLength, keepsAlive, upgrade, length, own, text: head.forwardedText([]), list: head.forwardedList([]) }
}

function request(method: string, version: string, fields: readonly string[]): string {
  return [`${method} / HTTP/${version}`, ...fields, '', ''].join('\r\n')
}

function response(status: number, version: string, fields: readonly string[]): string {
  return [`HTTP/${version} ${status} x`, ...fields, '', ''].join('\r\n')
}

test('a request says the same whatever request came before it on its connection', () => {
  const requests = fc.tuple(fc.constantFrom('GET', 'POST', 'CONNECT'), version, fields)
  fc.assert(
    fc.property(fc.array(requests, { minLength: 2, size: 'max', maxLength: 12 }), (requests) => {
      let known: TextRequestHead['fields'] | undefined
      for (const [method, version, fields] of requests) {
        const text = request(method, version, fields)
        const head = parseRequestHead(text, undefined, known)
        assert.deepEqual(told(head), told(parseRequestHead(text)))
        if (head instanceof TextRequestHead) known = head.fields
      }
    }),
    { seed: 31, numRuns: 400 },
  )
})

test('a response says the same whatever response came before it on its connection', () => {
  const responses = fc.tuple(fc.constantFrom(200, 204, 304, 101), fc.constantFrom('GET', 'HEAD'), version, fields)
  fc.assert(
    fc.property(fc.array(responses, { minLength: 2, size: 'max', maxLength: 12 }), (responses) => {
      let known: TextResponseHead['fields'] | undefined
      for (const [status, method, version, fields] of responses) {
        const text = response(status, version, fields)
        const head = parseResponseHead(text, method, known)
        assert.deepEqual(told(head), told(parseResponseHead(text, method)))
        if (head !== undefined) known = head.fields
      }
    }),
    { seed: 32, numRuns: 400 },
  )
})
