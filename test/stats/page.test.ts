import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { page } from '../../src/stats/page.js'
import { find, objects } from './objects.js'

/** The rows of all tables as texts of their cells, without the rows of headings. */
function rows(text: string): string[][] {
  const bodies = [...text.matchAll(/<tbody>(.*?)<\/tbody>/gs)].map(([, body]) => body ?? '')
  return bodies.flatMap((body) => [...body.matchAll(/<tr[ >].*?<\/tr>/gs)]).map(([row]) => cellsOf(row))
}

function cellsOf(row: string): string[] {
  return [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => cell.replace(/<[^>]*>/g, ' ').trim())
}

const hostile = `</td><script>alert('1')</script>"&amp;`

describe('the page', () => {
  test('shows every frontend, backend and server with its state in words', () => {
    const { app1, app2, take } = objects()
    find(app1, {})
    app2.drain()
    const states = rows(page(take())).map(([name, state]) => `${name?.split(' ')[0]}: ${state}`)
    assert.deepEqual(states, ['web: OPEN', 'app: DOWN', 'app1: DOWN', 'app2: DRAIN'])
  })

  test('gives states colours that differ', () => {
    const { app1, app2, take } = objects()
    const coloursOf = () => [...page(take()).matchAll(/class="state (\w+)"/g)].map(([, colour]) => colour)
    assert.deepEqual(coloursOf(), ['up', 'up', 'warn', 'unchecked'])
    find(app1, {})
    app2.maintenance()
    assert.deepEqual(coloursOf(), ['up', 'down', 'down', 'off'])
    app2.ready()
    app2.drain()
    assert.equal(coloursOf().at(-1), 'drain')
  })

  test('shows the last check: status, code, duration and reason', () => {
    const { app1, take } = objects()
    assert.ok(rows(page(take()))[2]?.includes('not yet checked'))
    find(app1, { code: 500, duration: 12, reason: 'HTTP status 500' })
    assert.match(rows(page(take()))[2]?.join('|') ?? '', /\|L7STS 500 in 12 ms\s+HTTP status 500\s*\|/)
  })

  test('shows figures short, with the whole number at hand', () => {
    const { backend, take } = objects()
    backend.counters.bytesOut = 1_500_000
    backend.counters.connectionErrors = 7
    const text = page(take())
    assert.match(text, /<td title="1500000 B">1\.43 MiB<\/td>/)
    assert.match(text, /<td class="bad">7<\/td>/)
  })

  test('has as many cells in every row as there are columns', () => {
    const text = page(objects().take())
    for (const table of text.split('<table>').slice(1)) {
      const spans = [...table.matchAll(/<colgroup span="(\d+)">/g)].map(([, span]) => Number(span))
      const columns = spans.reduce((sum, span) => sum + span, 0)
      for (const row of rows(table)) assert.equal(row.length, columns)
      const upper = [...(/<thead>\s*<tr>(.*?)<\/tr>/s.exec(table)?.[1] ?? '').matchAll(/<th [^>]*>/g)]
      const widths = upper.map(([th]) => Number(/colspan="(\d+)"/.exec(th)?.[1] ?? 1))
      assert.equal(
        widths.reduce((sum, width) => sum + width, 0),
        columns,
      )
    }
  })

  test('marks up its tables for those who can’t see them', () => {
    const text = page(objects().take())
    assert.equal(text.match(/<caption>/g)?.length, 2)
    for (const [th] of text.matchAll(/<th\b[^>]*>/g)) assert.match(th, /scope="(?:col|colgroup|row|rowgroup)"/)
  })

  test('escapes whatever a server says in a reason', () => {
    const { app1, take } = objects()
    find(app1, { reason: hostile })
    const text = page(take())
    assert.ok(!text.includes('<script'))
    assert.ok(text.includes('&#60;/td&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#34;&#38;amp;'))
  })

  test('escapes every text of a snapshot, names and states included', () => {
    const { app1, take } = objects()
    find(app1, {})
    const poison = <T>(stats: T): T =>
      JSON.parse(JSON.stringify(stats), (_, value: unknown) => (typeof value === 'string' ? hostile : value))
    const { uptime, frontends, backends } = take()
    const { servers, ...backend } = backends.app!
    const text = page({
      uptime,
      frontends: { [hostile]: poison(frontends.web!) },
      backends: { [hostile]: { ...poison(backend), servers: { [`1${hostile}`]: poison(servers.app1!) } } },
    })
    // Names and states of three objects, an algorithm, an address, a check's status and reason.
    assert.equal(text.split('&#60;script&#62;').length - 1, 10)
    assert.doesNotMatch(text, /<script|"&amp;/)
  })

  test('cuts a reason that never ends', () => {
    const { app1, take } = objects()
    const before = page(take()).length
    find(app1, { reason: 'x'.repeat(100_000) })
    assert.ok(page(take()).length < before + 1000)
  })

  test('loads nothing and runs nothing', () => {
    const text = page(objects().take(), { refresh: 5, path: '/stats' })
    assert.doesNotMatch(text, /<script|<img|<iframe|\bsrc=|\bon\w+=|style="|@import|url\(|https?:/)
    assert.deepEqual(
      [...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => href),
      ['data:,', '/stats;csv', '/stats;json'],
    )
  })

  test('is loaded again only where that was asked for', () => {
    const { take } = objects()
    assert.match(page(take(), { refresh: 10 }), /<meta http-equiv="refresh" content="10">/)
    assert.doesNotMatch(page(take()), /http-equiv/)
  })
})
