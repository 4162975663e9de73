import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCampaign } from './fuzz/campaign.js'
import { compare } from './fuzz/compare.js'
import { EngineRequestReader } from './fuzz/engine-reader.js'
import { NodeRequestReader } from './fuzz/node-reader.js'
import type { Reading } from './fuzz/reading.js'

function readWithEngine(text: string): Reading {
  const reader = new EngineRequestReader()
  reader.push(Buffer.from(text, 'latin1'))
  reader.end()
  return reader.reading
}

function readWithNode(text: string): Promise<Reading> {
  return new NodeRequestReader().read([Buffer.from(text, 'latin1')])
}

// `npm run fuzz` goes on from where these seeds stop.
for (const seed of [1, 1_000_000, 2_000_000]) {
  test(`the engine and Node read alike what both accept, wherever it is split: seed ${seed}`, async () => {
    const end = performance.now() + 10_000
    const campaign = await runCampaign(seed, ({ cases }) => cases >= 4000 || performance.now() > end)
    assert.deepEqual(campaign.failures, [])
    // Neither is worth anything if most of what comes is refused, or nothing is.
    assert.ok(campaign.cases >= 500, `only ${campaign.cases} cases`)
    assert.ok(campaign.agreed > campaign.cases / 3, `${campaign.agreed} of ${campaign.cases} read alike`)
    assert.ok(campaign.refused > campaign.cases / 3, `${campaign.refused} of ${campaign.cases} refused`)
    for (const part of ['responses', 'chunked', 'cut'] as const) {
      assert.ok(campaign[part] > campaign.agreed / 10, `${campaign[part]} of ${campaign.agreed} read alike: ${part}`)
    }
  })
}

describe('the comparison', () => {
  const text = 'POST /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nHost: a\r\n\r\n'

  test('finds nothing where there is nothing', async () => {
    assert.deepEqual(compare(readWithEngine(text), await readWithNode(text)), { kind: 'agreement' })
  })

  test('finds every part in which two readings differ', async () => {
    for (const other of [
      ...[text.replace('POST', 'PUT'), text.replace('/a', '/b'), text.replace('1.1', '1.0'), text.replace('hi', 'ho')],
      ...[
        text.replace('X-A: 1', 'X-A: 2'),
        text.replace('X-A', 'X-B'),
        text.replace('X-A', 'x-a'),
        text.replace('X-A: 1\r\n', ''),
      ],
      ...[text.replace('Host: a\r\nX-A: 1', 'X-A: 1\r\nHost: a'), text.slice(0, text.indexOf('GET')), `${text}${text}`],
      ...[
        text.replace('Content-Length: 2', 'Content-Length: 1'),
        text.replace('Content-Length: 2', 'Transfer-Encoding: chunked'),
      ],
      ...[text.slice(0, -1), text.slice(0, 30), text.replace('X-A', 'X A'), ''],
    ]) {
      assert.equal(compare(readWithEngine(text), await readWithNode(other)).kind, 'unknown', JSON.stringify(other))
    }
  })

  test('does not mind what the engine refuses', async () => {
    const lax = text.replace('Host: a\r\n', '')
    assert.deepEqual(compare(readWithEngine(lax), await readWithNode(lax)), { kind: 'agreement' })
  })
})
