import assert from 'node:assert/strict'
import { readResponse } from '../../support/http-message.js'
import { type Behaviour, endToEnd, pass, requestText, responseText } from '../scene.js'

const date = 'Date: Tue, 01 Jul 2025 10:00:00 GMT'

export const responseHeads: readonly Behaviour[] = [
  {
    claim: 'statuses and reasons arrive as they are',
    async run(scene) {
      const { client, origin } = await scene.open()
      const lines = ['200 OK', '200 Fine by me', '299 ', '404 nicht gefunden!', '500 caf\xc3\xa9', '599 x', '999 Odd']
      const left = [...lines]
      origin.answerAll(() => `HTTP/1.1 ${left.shift()}\r\nContent-Length: 0\r\n\r\n`)
      const received: string[] = []
      for (let i = 0; i < lines.length; i++) {
        client.send(requestText('GET /'))
        received.push((await readResponse(client)).startLine)
      }
      assert.deepEqual(
        received,
        lines.map((line) => `HTTP/1.1 ${line}`),
      )
    },
  },
  {
    claim: 'reasons in bytes that are not UTF-8 arrive as they are',
    needs: ['reason-in-latin1'],
    async run(scene) {
      const text = 'HTTP/1.1 200 caf\xe9\r\nContent-Length: 0\r\n\r\n'
      const { response } = await pass(await scene.open(), requestText('GET /'), text)
      assert.equal(response.startLine, 'HTTP/1.1 200 caf\xe9')
    },
  },
  {
    claim: 'response fields keep their order, case, duplicates and bytes',
    async run(scene) {
      const fields = [
        'Content-Length: 2',
        'Set-Cookie: a=1; Path=/',
        'X-b: 2',
        date,
        'SET-cookie: b=2, c',
        'x-B: 1',
        'Set-Cookie: a=1; Path=/',
        'X-Empty: ',
        'X-Bytes: \xe9\xff\x80',
        'Vary: a',
        'Vary: b',
        'server: home-made',
      ]
      const text = ['HTTP/1.1 200 OK', ...fields, '', 'ok'].join('\r\n')
      const { response } = await pass(await scene.open(), requestText('GET /'), text)
      assert.deepEqual(endToEnd(response), fields)
    },
  },
  {
    claim: 'hop-by-hop fields of a response stay behind, and those that Connection names',
    async run(scene) {
      const { response } = await pass(
        await scene.open(),
        requestText('GET /'),
        responseText(
          'ok',
          date,
          'Connection: X-Secret',
          'X-SECRET: 1',
          'Keep-Alive: timeout=77',
          'Proxy-Connection: close',
          'Upgrade: h2c',
          'X-Kept: 1',
        ),
      )
      assert.deepEqual(endToEnd(response), ['Content-Length: 2', date, 'X-Kept: 1'])
      assert.doesNotMatch(response.head, /secret|timeout=77|h2c/i)
    },
  },
  {
    claim: 'a server’s Connection: close concerns its connection, not the client’s',
    async run(scene) {
      const { client, origin } = await scene.open()
      for (const path of ['/1', '/2']) {
        client.send(requestText(`GET ${path}`))
        const { request, wire } = await origin.receive()
        wire.send(responseText(request.startLine, 'Connection: close')).end()
        assert.equal((await readResponse(client)).body, `GET ${path} HTTP/1.1`)
      }
    },
  },
  {
    claim: 'a client gets no field that the server did not send, but a missing Date',
    async run(scene) {
      const { response } = await pass(await scene.open(), requestText('GET /'))
      const names = response.fields.map(([name]) => name.toLowerCase())
      const allowed = ['connection', 'content-length', 'date', 'keep-alive']
      assert.deepEqual(
        names.filter((name) => !allowed.includes(name)),
        [],
      )
      assert.match(response.get('date')!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    },
  },
  {
    claim: 'a Date that the server sent is left alone',
    async run(scene) {
      const { response } = await pass(await scene.open(), requestText('GET /'), responseText('ok', 'date: yesterday'))
      assert.deepEqual(endToEnd(response), ['Content-Length: 2', 'date: yesterday'])
    },
  },
  {
    claim: 'a response head that arrives byte by byte passes',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      await wire.sendSlowly(...responseText('slow', 'X-A: 1'))
      const response = await readResponse(client)
      assert.deepEqual([response.get('x-a'), response.body], ['1', 'slow'])
    },
  },
  {
    claim: 'a response head of almost 64 KiB passes',
    async run(scene) {
      const field = `X-Large: ${'x'.repeat(60 * 1024)}`
      const { response } = await pass(await scene.open(), requestText('GET /'), responseText('ok', field, date))
      assert.deepEqual(endToEnd(response), ['Content-Length: 2', field, date])
    },
  },
  {
    claim: 'a response of HTTP/1.0 passes as one of HTTP/1.1',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold')
      const response = await readResponse(client)
      assert.deepEqual([response.startLine, response.body], ['HTTP/1.1 200 OK', 'old'])
    },
  },
]
