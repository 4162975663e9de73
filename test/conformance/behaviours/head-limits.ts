import assert from 'node:assert/strict'
import { readHead } from '../../support/http-message.js'
import type { ProxyOptions } from '../../support/setups.js'
import { type Behaviour, pass, requestText, responseText } from '../scene.js'

function fields(count: number, name = 'X'): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i}: 1`)
}

/** A request of just that limit passes, one above gets the status, and nothing of it reaches a server. */
function limitsRequests(claim: string, frontend: ProxyOptions['frontend'], status: number, texts: [string, string]) {
  return {
    claim: `${claim}: ${status} above`,
    async run(scene) {
      const [within, above] = texts
      const stage = await scene.open({ frontend: frontend ?? {} })
      assert.equal((await pass(stage, within)).response.body, 'ok')
      const { client, origin, record } = await scene.open({ frontend: frontend ?? {} })
      client.send(above)
      const response = await readHead(client)
      assert.deepEqual([response.status, response.get('connection')], [status, 'close'])
      await client.ending()
      assert.equal(origin.wires.length, 0)
      assert.equal((await record()).status, status)
    },
  } satisfies Behaviour
}

/** A response of just that limit passes, one above becomes a 502. */
function limitsResponses(claim: string, backend: ProxyOptions['backend'], texts: [string, string], ...needs: string[]) {
  return {
    claim: `${claim}: 502 above`,
    needs,
    async run(scene) {
      const [within, above] = texts
      const stage = await scene.open({ backend: backend ?? {} })
      assert.equal((await pass(stage, requestText('GET /'), within)).response.body, 'ok')
      assert.equal((await pass(stage, requestText('GET /'), above)).response.status, 502)
    },
  } satisfies Behaviour
}

/** A request whose head takes so many bytes. */
function requestOf(bytes: number): string {
  const least = requestText('GET /', 'X-Fill: ').length
  return requestText('GET /', `X-Fill: ${'x'.repeat(bytes - least)}`)
}

/** A response whose head takes so many bytes. */
function responseOf(bytes: number): string {
  const least = responseText('', 'X-Fill: ').length
  return responseText('ok', `X-Fill: ${'x'.repeat(bytes - least)}`)
}

export const headLimits: readonly Behaviour[] = [
  limitsRequests('a head of maxHeaderBytes passes', { maxHeaderBytes: '2k' }, 431, [requestOf(2048), requestOf(2049)]),
  limitsRequests('a head of maxHeaders fields passes', { maxHeaders: 5 }, 431, [
    requestText('GET /', ...fields(4)),
    requestText('GET /', ...fields(5)),
  ]),
  limitsRequests('more than a hundred fields pass where maxHeaders allows it', { maxHeaders: 200 }, 431, [
    requestText('GET /', ...fields(199)),
    requestText('GET /', ...fields(200)),
  ]),
  limitsRequests('a target of maxTargetBytes passes', { maxTargetBytes: 100 }, 414, [
    requestText(`GET /${'x'.repeat(99)}`),
    requestText(`GET /${'x'.repeat(100)}`),
  ]),
  limitsRequests('a target of 8 KiB passes', {}, 414, [
    requestText(`GET /${'x'.repeat(8191)}`),
    requestText(`GET /${'x'.repeat(8192)}`),
  ]),
  {
    claim: 'a head of more than 16 KiB passes where maxHeaderBytes allows it',
    needs: ['large-heads'],
    async run(scene) {
      const stage = await scene.open({ frontend: { maxHeaderBytes: '64k' } })
      const cookie = `a=${'x'.repeat(40_000)}`
      const { request } = await pass(stage, requestText('GET /', `Cookie: ${cookie}`))
      assert.equal(request.get('cookie'), cookie)
    },
  },
  limitsResponses(
    'a response’s head of maxResponseHeaderBytes passes',
    { maxResponseHeaderBytes: '2k' },
    [responseOf(2000), responseOf(2100)],
    'response-head-limit',
  ),
  limitsResponses('a response of maxResponseHeaders fields passes', { maxResponseHeaders: 5 }, [
    responseText('ok', ...fields(4)),
    responseText('ok', ...fields(5)),
  ]),
  limitsResponses('a response of a thousand fields passes', {}, [
    responseText('ok', ...fields(999)),
    responseText('ok', ...fields(1000)),
  ]),
]
