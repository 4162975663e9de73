import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestDefect } from '../../../src/core/message/head.js'
import { outcomes } from '../../../src/core/outcome.js'
import { EngineRequestReader, EngineResponseReader } from '../fuzz/engine-reader.js'
import type { Reading } from '../fuzz/reading.js'
import type { RequestCase, ResponseCase } from './case.js'
import { requestCases, responseCases } from './corpus.js'

/** What the engine's connections refuse once a head is read; the parser reads on. */
const refusedLater = new Set(['CONNECT'])

function statusOf(refusal: string | undefined): number | undefined {
  if (refusal === undefined) return undefined
  return refusal === 'bad-chunk' ? 400 : outcomes[refusal as RequestDefect].status
}

/** The two ways for bytes to come: all at once, and one by one. */
function readings(make: () => EngineRequestReader | EngineResponseReader, text: string, isEnding: boolean): Reading[] {
  const bytes = Buffer.from(text, 'latin1')
  return [bytes.length, 1].map((size) => {
    const reader = make()
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    if (isEnding) reader.end()
    return reader.reading
  })
}

function checkRequest({ send, forwarded, refused, ends }: RequestCase): void {
  for (const reading of readings(() => new EngineRequestReader(), send, ends)) {
    const whole = reading.messages.filter(({ isComplete }) => isComplete)
    const seen = whole.map(({ start, body }) => ({ line: start.replace(/ 1\.[01]$/, ''), body }))
    assert.deepEqual(seen, forwarded)
    assert.equal(statusOf(reading.refusal), refused)
  }
}

function checkResponse({ method, send, outcome, ends }: ResponseCase): void {
  for (const { messages, refusal } of readings(() => new EngineResponseReader(method), send, ends)) {
    const final = messages.find(({ start }) => !start.startsWith('1'))
    if (outcome === 'broken') assert.equal(final?.isComplete, false)
    else if (outcome.status === 502) assert.equal(final, undefined, 'a response was read')
    else {
      assert.equal(refusal, undefined)
      assert.deepEqual(
        [final?.isComplete, final?.start.slice(0, 3), final?.body],
        [true, `${outcome.status}`, outcome.body],
      )
    }
  }
}

for (const [title, cases] of Object.entries(requestCases)) {
  describe(`the parser on ${title}`, () => {
    for (const item of cases.filter(({ name }) => !refusedLater.has(name))) test(item.name, () => checkRequest(item))
  })
}

for (const [title, cases] of Object.entries(responseCases)) {
  describe(`the parser on ${title}`, () => {
    for (const item of cases) test(item.name, () => checkResponse(item))
  })
}

test('the corpus has the cases that it should have, each with a name of its own', () => {
  const all: readonly { readonly name: string }[] = [
    ...Object.values(requestCases),
    ...Object.values(responseCases),
  ].flat()
  assert.ok(all.length >= 200, `${all.length} cases`)
  for (const cases of [...Object.values(requestCases), ...Object.values(responseCases)]) {
    const names = cases.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
  }
})
