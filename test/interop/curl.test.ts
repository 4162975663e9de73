import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Ran, run } from '../support/command.js'
import type { Nginx } from '../support/nginx.js'
import { skipWithout } from '../support/programs.js'
import { type Echo, setups, sha256, start, text } from './curl-scene.js'

const skip = skipWithout('nginx', 'curl')
const timeout = 60_000
const upload = randomBytes(3 * 1024 * 1024)

/** Runs curl; the certificate of these tests is nobody's. */
async function curl(args: readonly string[], input?: Buffer): Promise<Ran> {
  const ran = await run('curl', ['-sS', '-k', '--max-time', '20', ...args], input)
  assert.equal(ran.code, 0, ran.stderr)
  return ran
}

/** The lines of `curl -v` that the server sent, without the empty ones. */
function serverLines({ stderr }: Ran): string[] {
  return stderr.split('\n').flatMap((line) => /^< (.+?)\r?$/.exec(line)?.[1] ?? [])
}

/** What curl can see of a proxy, whatever it is served by. */
const sights: Readonly<Record<string, (url: string, nginx: Nginx) => Promise<void>>> = {
  async 'a page'(url) {
    const { stdout } = await curl([`${url}/files/text.txt`])
    assert.equal(stdout, text)
  },

  async 'a page over HTTP/1.0, whose connection ends after it'(url) {
    const ran = await curl(['-v', '--http1.0', '--no-alpn', `${url}/echo`])
    assert.equal((JSON.parse(ran.stdout) as Echo).length, 0)
    assert.ok(serverLines(ran).some((line) => /^connection: close$/i.test(line)))
  },

  async 'HEAD without a body'(url) {
    const { stdout } = await curl(['-I', `${url}/files/text.txt`])
    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(stdout, new RegExp(`\r\ncontent-length: ${text.length}\r\n`, 'i'))
    assert.match(stdout, /\r\n\r\n$/)
  },

  async 'a range'(url) {
    const { stdout } = await curl(['-i', '-r', '5-11', `${url}/files/text.txt`])
    assert.match(stdout, /^HTTP\/1\.1 206 /)
    assert.match(stdout, new RegExp(`\r\ncontent-range: bytes 5-11/${text.length}\r\n`, 'i'))
    assert.equal(stdout.split('\r\n\r\n')[1], text.slice(5, 12))
  },

  async 'a compressed page, unchanged'(url, nginx) {
    const path = '/files/text.txt'
    const encoded = ['-H', 'Accept-Encoding: gzip']
    const { stdout: through } = await curl([...encoded, `${url}${path}`])
    const { stdout: direct } = await curl([...encoded, `http://${nginx.address}${path}`])
    assert.equal(sha256(Buffer.from(through, 'latin1')), sha256(Buffer.from(direct, 'latin1')))
    assert.equal(gunzipSync(Buffer.from(through, 'latin1')).toString(), text)
    assert.equal((await curl(['--compressed', `${url}${path}`])).stdout, text)
  },

  async 'several pages over one connection'(url) {
    const urls = ['/files/text.txt', '/echo', '/hints', '/files/none', '/trailers'].map((path) => url + path)
    const report = ['-w', '%{stderr}%{response_code} %{num_connects}\n']
    const { stderr } = await curl([...report, ...urls])
    assert.equal(stderr, '200 1\n200 0\n200 0\n404 0\n200 0\n')
  },

  async 'early hints'(url) {
    const ran = await curl(['-v', `${url}/hints`])
    assert.equal(ran.stdout, 'hinted')
    const [first, link, second] = serverLines(ran)
    assert.deepEqual([first, second], ['HTTP/1.1 103 Early Hints', 'HTTP/1.1 200 OK'])
    assert.match(link!, /^link: <\/a\.css>; rel=preload$/i)
  },

  async trailers(url) {
    const { stdout } = await curl(['-D', '-', `${url}/trailers`])
    assert.match(stdout, /\r\ntrailer: x-sum\r\n.*\r\n\r\nbodyx-sum: 9\r\n/is)
  },

  async 'its upload of a file with its length'(url, nginx) {
    const file = join(nginx.folder, 'upload')
    await writeFile(file, upload)
    const { stdout } = await curl(['-T', file, '-H', 'Expect:', `${url}/echo`])
    const { method, length, sha256: hash, headers } = JSON.parse(stdout) as Echo
    assert.deepEqual({ method, length, hash }, { method: 'PUT', length: upload.length, hash: sha256(upload) })
    assert.equal(headers['content-length'], String(upload.length))
  },

  async 'its upload in chunks'(url) {
    const { stdout } = await curl(['-T', '-', '-H', 'Expect:', `${url}/echo`], upload)
    const { length, sha256: hash, headers } = JSON.parse(stdout) as Echo
    assert.deepEqual({ length, hash }, { length: upload.length, hash: sha256(upload) })
    assert.equal(headers['transfer-encoding'], 'chunked')
    assert.equal(headers['content-length'], undefined)
  },

  async 'a word to go on, before it sends a body'(url) {
    // Without a word to go on curl would wait longer than it may take.
    const waits = ['--expect100-timeout', '60', '-H', 'Expect: 100-continue']
    const ran = await curl(['-v', ...waits, '--data-binary', '@-', `${url}/echo`], upload)
    assert.deepEqual(serverLines(ran).slice(0, 2), ['HTTP/1.1 100 Continue', 'HTTP/1.1 200 OK'])
    const { method, sha256: hash } = JSON.parse(ran.stdout) as Echo
    assert.deepEqual({ method, hash }, { method: 'POST', hash: sha256(upload) })
  },
}

for (const [where, setup] of Object.entries(setups)) {
  test(`through ${where} curl gets`, { skip, timeout }, async (t) => {
    const { url, nginx } = await start(t, setup)
    for (const [what, look] of Object.entries(sights)) await t.test(what, () => look(url, nginx))
  })
}

test('what an Express application has of its own stays there', { skip, timeout }, async (t) => {
  const { url } = await start(t, setups['an Express application']!)
  assert.equal((await curl([`${url}/own/page`])).stdout, 'Express')
})
