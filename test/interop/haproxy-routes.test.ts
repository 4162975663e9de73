import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { any, createProxy, path, seededRandom } from '../../src/index.js'
import { Haproxy } from '../support/haproxy.js'
import { readResponse } from '../support/http-message.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'

const skip = skipWithout('haproxy')
const timeout = 30_000
const prefixes = ['/static', '/images', '/javascript', '/stylesheets']
const suffixes = ['.jpg', '.gif', '.png', '.css', '.js']
const count = 100

/** Request targets in the neighbourhood of the rules: near misses in case, place, query and form. */
function randomTargets(seed: number): string[] {
  const random = seededRandom(seed)
  const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!
  const starts = [...prefixes, '/', '/app', '/STATIC', '/stat', '//static', '/%73tatic', '/./static']
  const middles = ['', '/', '/a', '/a/b', '.js/c', 'x', ';v=1', '/static', '%2e']
  const ends = [...suffixes, '', '.JPG', '.jpeg', '.cs', '.css2', '.', 'js']
  const queries = ['', '', '?', '?a=1', '?file=x.css', '?/static', '?q=.js&r']
  const forms = ['', '', '', 'http://a.test']
  return Array.from({ length: count }, () => [forms, starts, middles, ends, queries].map(oneOf).join(''))
}

async function startBoth(t: TestContext, ignoresCase: boolean): Promise<Record<string, number>> {
  const origins = { static: await RawOrigin.listen(t), app: await RawOrigin.listen(t) }
  for (const [name, origin] of Object.entries(origins)) {
    origin.answerAll(() => `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`)
  }
  const flag = ignoresCase ? '-i ' : ''
  const haproxy = await Haproxy.start(
    t,
    (port) => `
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${port}
  acl url_static path_beg ${flag}${prefixes.join(' ')}
  acl url_static path_end ${flag}${suffixes.join(' ')}
  use_backend static if url_static
  default_backend app
backend static
  server s ${origins.static.address}
backend app
  server a ${origins.app.address}
`,
  )
  const sample = ignoresCase ? path.ignoreCase : path
  const proxy = createProxy({
    frontends: {
      web: {
        bind: '127.0.0.1:0',
        routes: [{ backend: 'static', when: any(sample.startsWith(...prefixes), sample.endsWith(...suffixes)) }],
        defaultBackend: 'app',
      },
    },
    backends: { static: { servers: [origins.static.address] }, app: { servers: [origins.app.address] } },
  })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const bound = proxy.addresses().web![0]!
  return { HAProxy: haproxy.port, evenkeel: 'port' in bound ? bound.port : 0 }
}

for (const ignoresCase of [false, true]) {
  test(`HAProxy and evenkeel route ${count} random targets to the same backends, ${ignoresCase ? 'ignoring' : 'minding'} case`, {
    skip,
    timeout,
  }, async (t) => {
    const targets = randomTargets(4711)
    const backends: Record<string, string[]> = {}
    for (const [name, port] of Object.entries(await startBoth(t, ignoresCase))) {
      const client = await connect(t, { port })
      backends[name] = []
      for (const target of targets) {
        client.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`)
        backends[name].push(`${target} ${(await readResponse(client)).body}`)
      }
    }
    assert.deepEqual(backends.evenkeel, backends.HAProxy)
    const toStatic = backends.HAProxy!.filter((line) => line.endsWith(' static')).length
    assert.ok(toStatic >= count / 5 && toStatic <= (count * 4) / 5, `${toStatic} of ${count} went to static`)
  })
}
