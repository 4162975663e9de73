import assert from 'node:assert/strict'
import { readHead, readResponse } from '../../support/http-message.js'
import { Pour } from '../../support/pour.js'
import { type Behaviour, requestText, responseText } from '../scene.js'

export const backPressure: readonly Behaviour[] = [
  {
    claim: 'of a response of 64 MB that its client does not read, no more than 24 MB leave the server',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${Pour.size}\r\n\r\n`)
      await readHead(client)
      client.socket.pause()
      const pour = new Pour(wire.socket)
      await pour.stuck()
      scene.t.diagnostic(`left the server: ${(pour.sent / 2 ** 20).toFixed(1)} MB`)
      assert.ok(pour.sent < Pour.bound)
      client.socket.resume()
      await pour.takeAll(client)
    },
  },
  {
    claim: 'of an upload of 64 MB that its server does not read, no more than 24 MB leave the client',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', `Content-Length: ${Pour.size + 1}`), 'x')
      const wire = await origin.accept()
      wire.socket.pause()
      const pour = new Pour(client.socket)
      await pour.stuck()
      scene.t.diagnostic(`left the client: ${(pour.sent / 2 ** 20).toFixed(1)} MB`)
      assert.ok(pour.sent < Pour.bound)
      wire.socket.resume()
      await readHead(wire)
      assert.equal(await wire.bytes(1), 'x')
      await pour.takeAll(wire)
      wire.send(responseText())
      assert.equal((await readResponse(client)).body, 'ok')
      client.close()
    },
  },
]
