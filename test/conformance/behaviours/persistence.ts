import assert from 'node:assert/strict'
import { type BackendOptions, cookie, response, StickyTable } from '../../../src/index.js'
import { type HttpMessage, readResponse } from '../../support/http-message.js'
import { RawOrigin } from '../../support/raw-origin.js'
import { type Behaviour, endToEnd, requestText, responseText, type Scene } from '../scene.js'

/** What one request came to. */
interface Answered {
  readonly request: HttpMessage
  readonly response: HttpMessage
}

/** A client before three servers, which say who they are and whatever else a test has them say. */
async function three(scene: Scene, backend: Omit<BackendOptions, 'servers'>, ...says: readonly string[]) {
  const requests: HttpMessage[][] = []
  const servers: Record<string, string> = {}
  for (const name of ['s1', 's2', 's3']) {
    const origin = await RawOrigin.listen(scene.t)
    requests.push(origin.answerAll(() => responseText(name, 'X-First: 1', ...says, 'X-Last: 1')))
    servers[name] = origin.address
  }
  const { client, ...stage } = await scene.start(servers, { backend })
  const ask = async (...fields: readonly string[]): Promise<Answered> => {
    client.send(requestText('GET /', ...fields))
    const answer = await readResponse(client)
    return { request: requests[Number(answer.body.slice(1)) - 1]!.at(-1)!, response: answer }
  }
  return { ...stage, ask }
}

const dynamic = { key: 's3cr3t' }

/** The name and value of the cookie that a response sets. */
function pairOf({ response }: Answered): string {
  return response.all('set-cookie').at(-1)!.split(';')[0]!
}

export const persistence: readonly Behaviour[] = [
  {
    claim: 'a cookie that the proxy sets keeps a client on its server, which never sees it',
    async run(scene) {
      const { ask } = await three(scene, { cookie: { name: 'SRV', mode: 'insert', indirect: true, dynamic } })
      const first = await ask()
      assert.match(first.response.get('set-cookie')!, /^SRV=[0-9a-f]{16}; path=\/$/)
      for (let i = 0; i < 4; i++) {
        const { request, response } = await ask('X-A: 1', `cOOkie: x=1; ${pairOf(first)};y=2`, 'X-B: 2')
        assert.deepEqual([response.body, response.get('set-cookie')], [first.response.body, undefined])
        assert.deepEqual(endToEnd(request).slice(1), ['X-A: 1', 'cOOkie: x=1; y=2', 'X-B: 2'])
      }
      const { request } = await ask(`Cookie: ${pairOf(first)}`, 'Cookie: z=1')
      assert.deepEqual(endToEnd(request).slice(1), ['Cookie: z=1'])
    },
  },
  {
    claim: 'a cookie that the server sets has the proxy’s value before its own, where it stands',
    async run(scene) {
      const says = ['Set-Cookie: a=1; Path=/', 'set-Cookie: SID=x y; Path=/', 'Set-Cookie: b=2']
      const { ask } = await three(scene, { cookie: { name: 'SID', mode: 'prefix', dynamic } }, ...says)
      const first = await ask()
      const [, value] = /^SID=([0-9a-f]{16})~x y; Path=\/$/.exec(first.response.all('set-cookie')[1]!)!
      const cookies = endToEnd(first.response).filter((line) => !/^(?:content-length|date)/i.test(line))
      assert.deepEqual(cookies, ['X-First: 1', says[0], `set-Cookie: SID=${value}~x y; Path=/`, says[2], 'X-Last: 1'])
      for (let i = 0; i < 4; i++) {
        const { request, response } = await ask(`Cookie: SID=${value}~x y`)
        assert.equal(response.body, first.response.body)
        assert.deepEqual(endToEnd(request).slice(1), ['Cookie: SID=x y'])
      }
    },
  },
  {
    claim: 'a session that a server begins stays there, by a table',
    async run(scene) {
      const table = new StickyTable({ type: 'string', size: 100, expire: '1h' })
      const stick = [
        { on: response.cookie('SID'), table, storeResponse: true },
        { on: cookie('SID'), table, match: true },
      ]
      const { ask, backend } = await three(scene, { stick }, 'Set-Cookie: SID=s1; Path=/')
      const { response: first } = await ask()
      for (let i = 0; i < 4; i++) assert.equal((await ask('Cookie: x=1; SID=s1')).response.body, first.body)
      backend.server(first.body).maintenance()
      const { response: other } = await ask('Cookie: SID=s1')
      assert.notEqual(other.body, first.body)
      assert.equal(table.peek('s1'), other.body)
    },
  },
]
