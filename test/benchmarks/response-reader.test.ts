import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ResponseReader } from '../../benchmarks/load/response-reader.js'

const counted = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'
const chunked =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n'
const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n'

function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length]
  return places
    .slice(1)
    .map((end, index) => Buffer.from(text.slice(places[index], end), 'latin1'))
    .filter((piece) => piece.length > 0)
}

test('an answer ends at its last byte, however it is cut into pieces', () => {
  const answers = [
    [counted, 200],
    [chunked, 201],
    [early, 304],
  ] as const
  fc.assert(
    fc.property(fc.constantFrom(...answers), fc.array(fc.nat(), { maxLength: 8 }), ([text, status], cuts) => {
      const reader = new ResponseReader()
      const ends = pieces(text, cuts).map((piece) => reader.push(piece))
      assert.deepEqual(ends.indexOf(true), ends.length - 1)
      assert.equal(reader.status, status)
      assert.equal(reader.closes, text === counted)
    }),
  )
})

test('an answer without a length ends with its connection', () => {
  const reader = new ResponseReader()
  assert.equal(reader.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello')), false)
  assert.equal(reader.end(), true)
})

test('a connection that ends in the middle of a counted body does not complete the answer', () => {
  const reader = new ResponseReader()
  assert.equal(reader.push(Buffer.from(counted.slice(0, -1))), false)
  assert.equal(reader.end(), false)
})

test('bytes after the end of an answer are an error', () => {
  const reader = new ResponseReader()
  assert.throws(() => reader.push(Buffer.from(`${counted}x`)), /after the end/)
})

test('what is no HTTP answer is an error', () => {
  assert.throws(() => new ResponseReader().push(Buffer.from('SSH-2.0-x\r\n\r\n')), /not an HTTP/)
  const reader = new ResponseReader()
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
  assert.throws(() => reader.push(Buffer.from('zz\r\n')), /chunk size/)
})
