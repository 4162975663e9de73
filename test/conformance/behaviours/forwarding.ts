import assert from 'node:assert/strict'
import type { HttpMessage } from '../../support/http-message.js'
import type { ProxyOptions } from '../../support/setups.js'
import { type Behaviour, pass, requestText, responseText, type Scene, type Stage } from '../scene.js'

const us = '127.0.0.0/8'

/** What the server gets of a request with these fields. */
async function received(scene: Scene, options: ProxyOptions, ...fields: string[]): Promise<HttpMessage & Stage> {
  const stage = await scene.open(options)
  const { request } = await pass(stage, requestText('GET /', ...fields))
  return Object.assign(request, stage)
}

const claimed = ['X-Forwarded-For: 192.0.2.1', 'x-forwarded-for: 192.0.2.2, 192.0.2.3']

export const forwarding: readonly Behaviour[] = [
  {
    claim: 'forwardFor tells the client’s address, and replaces what an unknown peer claims',
    async run(scene) {
      const request = await received(scene, { frontend: { forwardFor: true } }, ...claimed)
      assert.deepEqual(request.all('x-forwarded-for'), ['127.0.0.1'])
    },
  },
  {
    claim: 'forwardFor adds to what a trusted proxy says',
    async run(scene) {
      const request = await received(scene, { frontend: { forwardFor: true, trustedProxies: us } }, ...claimed)
      const list = request.all('x-forwarded-for').join(', ')
      assert.equal(list, '192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1')
    },
  },
  {
    claim: 'forwardFor in the mode add puts a field of its own after those that came',
    async run(scene) {
      const request = await received(scene, { frontend: { forwardFor: { mode: 'add' } } }, ...claimed)
      assert.deepEqual(request.all('x-forwarded-for'), ['192.0.2.1', '192.0.2.2, 192.0.2.3', '127.0.0.1'])
    },
  },
  {
    claim: 'forwardFor tells nothing of clients that are excepted',
    async run(scene) {
      const request = await received(scene, { frontend: { forwardFor: { except: us } } })
      assert.equal(request.get('x-forwarded-for'), undefined)
    },
  },
  {
    claim: 'forwardFor with ifNone leaves a field alone that came, and else tells the address',
    async run(scene) {
      const options: ProxyOptions = { frontend: { forwardFor: { ifNone: true } } }
      assert.equal((await received(scene, options)).get('x-forwarded-for'), '127.0.0.1')
      const request = await received(scene, options, ...claimed)
      assert.deepEqual(request.all('x-forwarded-for'), ['192.0.2.1', '192.0.2.2, 192.0.2.3'])
    },
  },
  {
    claim: 'forwardFor uses another field when told to',
    async run(scene) {
      const options: ProxyOptions = { frontend: { forwardFor: { header: 'X-Client-IP' } } }
      const request = await received(scene, options, 'x-client-ip: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2')
      assert.deepEqual(
        request.fields.filter(([name]) => /client|forwarded/i.test(name)),
        [
          ['X-Forwarded-For', '192.0.2.2'],
          ['X-Client-IP', '127.0.0.1'],
        ],
      )
    },
  },
  {
    claim: 'forwardedHeaders tells scheme, host and port, and replaces what an unknown peer claims',
    async run(scene) {
      const claims = ['X-Forwarded-Proto: ftp', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Port: 1']
      const request = await received(scene, { frontend: { forwardedHeaders: true } }, ...claims)
      assert.equal(request.get('x-forwarded-proto'), scene.setup.secure ? 'https' : 'http')
      assert.equal(request.get('x-forwarded-host'), 'a.test')
      assert.equal(request.get('x-forwarded-port'), String(request.port))
    },
  },
  {
    claim: 'forwardedHeaders tells only what it is asked for, and believes a trusted proxy',
    async run(scene) {
      const options: ProxyOptions = { frontend: { forwardedHeaders: { proto: true }, trustedProxies: us } }
      const request = await received(scene, options, 'X-Forwarded-Proto: gopher')
      assert.deepEqual(
        request.fields.filter(([name]) => /forwarded/i.test(name)),
        [['X-Forwarded-Proto', 'gopher']],
      )
    },
  },
  {
    claim: 'forwarded tells all in one field, and replaces what an unknown peer claims',
    async run(scene) {
      const request = await received(scene, { frontend: { forwarded: true } }, 'Forwarded: for=192.0.2.1')
      const scheme = scene.setup.secure ? 'https' : 'http'
      assert.equal(request.get('forwarded'), `for=127.0.0.1;host="a.test";proto=${scheme}`)
    },
  },
  {
    claim: 'forwarded adds to what a trusted proxy says',
    async run(scene) {
      const options: ProxyOptions = { frontend: { forwarded: true, trustedProxies: us } }
      const request = await received(scene, options, 'Forwarded: for=192.0.2.1')
      const scheme = scene.setup.secure ? 'https' : 'http'
      assert.equal(request.get('forwarded'), `for=192.0.2.1, for=127.0.0.1;host="a.test";proto=${scheme}`)
    },
  },
  {
    claim: 'via goes after the Via fields that came, in both directions',
    async run(scene) {
      const stage = await scene.open({ frontend: { via: 'edge' } })
      const text = requestText('GET /', 'Via: 1.1 before')
      const { request, response } = await pass(stage, text, responseText('ok', 'via: 1.1 behind'))
      assert.deepEqual(request.all('via'), ['1.1 before', '1.1 edge'])
      assert.deepEqual(response.all('via'), ['1.1 behind', '1.1 edge'])
    },
  },
  {
    claim: 'unless asked, fields of proxies in front of us pass as they came',
    async run(scene) {
      const fields = [...claimed, 'X-Forwarded-Proto: x', 'Forwarded: for=y', 'Via: 1.1 z']
      const request = await received(scene, {}, ...fields)
      assert.deepEqual(
        request.fields.slice(-fields.length).map(([name, value]) => `${name}: ${value}`),
        fields,
      )
    },
  },
  {
    claim: 'the Host that the client sent goes on',
    async run(scene) {
      assert.equal((await received(scene, {})).get('host'), 'a.test')
    },
  },
  {
    claim: 'host: server puts the server’s own address in its place',
    async run(scene) {
      const request = await received(scene, { backend: { host: 'server' } })
      assert.equal(request.get('host'), request.origin.address)
    },
  },
  {
    claim: 'host puts a text in its place',
    async run(scene) {
      const request = await received(scene, { backend: { host: 'inner.test:81' } })
      assert.equal(request.get('host'), 'inner.test:81')
    },
  },
  {
    claim: 'sendServerName tells the server its name, whatever the client sent there',
    async run(scene) {
      const options: ProxyOptions = { backend: { sendServerName: 'X-Server' } }
      const request = await received(scene, options, 'x-server: forged', 'X-SERVER: twice')
      assert.deepEqual(request.all('x-server'), ['s1'])
    },
  },
]
