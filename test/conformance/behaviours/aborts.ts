import assert from 'node:assert/strict'
import { chunk, readHead } from '../../support/http-message.js'
import { silentName } from '../../support/silent-name.js'
import type { Wire } from '../../support/wire.js'
import { until } from '../../support/within.js'
import { type Behaviour, requestText } from '../scene.js'

/** The ways for a client to go away. */
const departures: readonly (readonly [name: string, leave: (client: Wire) => void])[] = [
  ['closes', (client) => client.close()],
  ['breaks off', (client) => client.reset()],
  ['ends its side', (client) => client.end()],
]

const stages: Behaviour[] = departures.flatMap(([how, leave]): Behaviour[] => [
  {
    claim: `a client that ${how} while it waits for the response frees the server at once`,
    async run(scene) {
      const { client, origin, backend, record } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      leave(client)
      await wire.ending()
      assert.equal((await record()).termination, 'CH--')
      assert.equal(backend.server('s1').served, 0)
    },
  },
  {
    claim: `a client that ${how} in the middle of a response frees the server at once`,
    async run(scene) {
      const { client, origin, backend, record } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nstart')
      await client.through('start')
      leave(client)
      await wire.ending()
      assert.equal((await record()).termination, 'CD--')
      assert.equal(backend.server('s1').served, 0)
    },
  },
  {
    claim: `a client that ${how} in the middle of its upload frees the server, which gets no whole request`,
    async run(scene) {
      for (const [field, part] of [
        ['Content-Length: 1000', 'start'],
        ['Transfer-Encoding: chunked', chunk('start')],
      ] as const) {
        const { client, origin, backend, record } = await scene.open()
        client.send(requestText('POST /', field), part)
        const wire = await origin.accept()
        await wire.through('start')
        leave(client)
        await wire.ending()
        assert.match(wire.pending, /^(?:\r\n)?$/)
        assert.equal((await record()).failure, 'client-aborted')
        assert.equal(backend.server('s1').served, 0)
      }
    },
  },
])

export const aborts: readonly Behaviour[] = [
  {
    claim: 'a client that leaves while a server is being connected to frees its place at once',
    async run(scene) {
      const { client, backend, record } = await scene.start({ s1: `${silentName(scene.t)}:80` })
      const server = backend.server('s1')
      client.send(requestText('GET /'))
      await until(() => server.served > 0, 'no server was chosen')
      client.close()
      assert.equal((await record()).termination, 'CC--')
      assert.equal(server.served, 0)
    },
  },
  ...stages,
  {
    claim: 'a client that leaves with requests in the pipeline frees every server connection',
    async run(scene) {
      const { client, origin, backend, record } = await scene.open()
      client.send(requestText('GET /1'), requestText('GET /2'), requestText('GET /3'))
      await readHead(await origin.accept())
      client.close()
      for (const wire of origin.wires) await wire.ending()
      await record()
      await until(() => backend.server('s1').served === 0, 'the server was not freed')
    },
  },
]
