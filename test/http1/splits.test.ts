import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunk, type HttpMessage, readResponse } from '../support/http-message.js'
import { connect } from '../support/raw-client.js'
import { ownBind } from '../support/setups.js'
import { Dice } from './fuzz/dice.js'
import { split } from './fuzz/mutations.js'
import { Recorder } from './smuggling/recorder.js'

const letters = 'abcdefghijklmnopqrstuvwxyz\r\n0 '
const connections = 150

/** A body of up to 200 bytes in one of its framings: the field that announces it, and its bytes. */
function framed(dice: Dice, body: string): [field: string, bytes: string] {
  if (dice.chance(0.5)) return [`Content-Length: ${body.length}`, body]
  const at = dice.below(body.length + 1)
  const parts = [body.slice(0, at), body.slice(at)].filter((part) => part !== '')
  const trailer = dice.chance(0.3) ? 'X-T: t\r\n' : ''
  return ['Transfer-Encoding: chunked', `${parts.map(chunk).join('')}0\r\n${trailer}\r\n`]
}

function requestOf(dice: Dice, path: string, body: string): string {
  if (body === '') return `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`
  const [field, bytes] = framed(dice, body)
  const expect = dice.chance(0.1) ? 'Expect: 100-continue\r\n' : ''
  return `POST ${path} HTTP/1.1\r\nHost: a.test\r\n${expect}${field}\r\n\r\n${bytes}`
}

/** The answer that says what it answers, after some early ones. */
function answerTo(dice: Dice, { startLine, body }: HttpMessage): string[] {
  const [field, bytes] = framed(dice, `${startLine} ${body}`)
  const early = dice.some(2, () => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n').join('')
  const text = `${early}HTTP/1.1 200 OK\r\n${field}\r\n\r\n${bytes}`
  return split(dice, text).map((piece) => piece.toString('latin1'))
}

test('requests and responses are understood wherever they are cut', async (t) => {
  const dice = new Dice(1)
  const { recorder, address } = await Recorder.listen(t, (request) => ({
    pieces: answerTo(dice, request),
    ends: false,
  }))
  const { port } = await ownBind.start(t, { s1: address }, {})
  for (let number = 0; number < connections; number++) {
    const bodies = dice.some(5, () => (dice.chance(0.4) ? '' : dice.text(200, letters)))
    const texts = bodies.map((body, i) => requestOf(dice, `/${number}/${i}`, body))
    const client = await connect(t, { port })
    const sending = client.sendSlowly(...split(dice, texts.join('')))
    for (const [i, body] of bodies.entries()) {
      let response = await readResponse(client)
      while (response.status < 200) response = await readResponse(client)
      const line = `${body === '' ? 'GET' : 'POST'} /${number}/${i} HTTP/1.1`
      assert.equal(response.body, `${line} ${body}`, `connection ${number}`)
    }
    await sending
    assert.equal(client.pending, '')
    client.close()
  }
  assert.ok(recorder.requests.length > connections)
})
