import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { createProxy } from '../../src/index.js'
import { run } from '../support/command.js'
import { skipWithout } from '../support/programs.js'
import { RawOrigin } from '../support/raw-origin.js'
import { ok } from '../support/trial.js'

/** A proxy before a server that answers with the request's first line and body. */
async function start(t: TestContext): Promise<string> {
  const origin = await RawOrigin.listen(t)
  origin.answerAll(({ startLine, body }) => ok(`${startLine} ${body.length}`))
  const proxy = createProxy({ bind: '127.0.0.1:0', servers: [origin.address] })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  return `http://127.0.0.1:${(proxy.addresses().main![0] as AddressInfo).port}`
}

describe('HTTP/2 with other people’s clients', () => {
  test('curl --http2-prior-knowledge', { skip: skipWithout('curl') }, async (t) => {
    const url = await start(t)
    const { code, stdout } = await run(
      'curl',
      [
        ...[
          '-sS',
          '--http2-prior-knowledge',
          '--data-binary',
          '@-',
          '-w',
          ' %{http_version} %{http_code}',
          `${url}/a?b`,
        ],
      ],
      'x'.repeat(200_000),
    )
    assert.equal(code, 0)
    assert.equal(stdout, 'POST /a?b HTTP/1.1 200000 2 200')
  })

  test('nghttp', { skip: skipWithout('nghttp') }, async (t) => {
    const url = await start(t)
    const { code, stdout } = await run('nghttp', [`${url}/a`, `${url}/b`])
    assert.equal(code, 0)
    assert.ok(stdout.includes('GET /a HTTP/1.1 0') && stdout.includes('GET /b HTTP/1.1 0'), stdout)
  })

  test('h2load: 2,000 requests, 50 at a time on each of 4 connections', { skip: skipWithout('h2load') }, async (t) => {
    const url = await start(t)
    const { code, stdout } = await run('h2load', ['-n', '2000', '-c', '4', '-m', '50', `${url}/`])
    assert.equal(code, 0)
    assert.match(stdout, /2000 succeeded, 0 failed, 0 errored, 0 timeout/)
  })
})
