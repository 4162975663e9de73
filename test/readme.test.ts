import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { selfSigned } from './support/certificate.js'
import { freePorts } from './support/free-ports.js'
import { Program } from './support/program.js'
import { compile, expectedOutput, type Snippet, snippetsOf } from './support/snippets.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const runner = new URL('support/snippet-runner.js', import.meta.url)
const markdown = readFileSync(join(root, 'README.md'), 'utf8')
const snippets = snippetsOf(markdown, 'ts')

/** The ports that snippets listen at, and those where they take servers to be. */
const binds = ['8080', '8443', '8404', '5432']
const servers = ['5001', '5002', '5003', '4331', '4332']

// Inside the package, so that 'evenkeel' is found by its own name.
const folder = mkdtempSync(join(root, 'build-readme-'))
const ports = new Map<string, string>()
const origins = servers.map((port) => createServer((_request, response) => response.end(`${port}\n`)))

before(async () => {
  writeFiles()
  const free = await freePorts(binds.length)
  for (const [index, bind] of binds.entries()) ports.set(bind, String(free[index]))
  for (const [index, origin] of origins.entries()) {
    await once(origin.listen(0, '127.0.0.1'), 'listening')
    const address = origin.address()
    assert.ok(typeof address === 'object' && address !== null)
    ports.set(servers[index]!, String(address.port))
  }
  for (const snippet of snippets) writeFileSync(fileOf(snippet, 'ts'), sourceOf(snippet))
})

after(() => {
  for (const origin of origins) {
    origin.close()
    origin.closeAllConnections()
  }
  rmSync(folder, { recursive: true })
})

/** What snippets find beside them. */
function writeFiles(): void {
  const { key, cert } = selfSigned('localhost', '127.0.0.1')
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(
    join(folder, '503.http'),
    'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<p>Back soon.</p>\n',
  )
}

function fileOf({ line }: Snippet, extension: 'ts' | 'js'): string {
  return join(folder, `line-${line}.${extension}`)
}

/** The code with ports that are free here, on the line that it has in the file. */
function sourceOf({ line, code }: Snippet): string {
  const source = code.replace(/\b\d{4}\b/g, (number) => ports.get(number) ?? number)
  return '\n'.repeat(line - 1) + source
}

/** Where a snippet leaves something that serves, through a tunnel too: the servers behind it speak HTTP. */
function urlOf({ code }: Snippet): string | undefined {
  const bind = binds.find((port) => port !== '8404' && new RegExp(`\\b${port}\\b`).test(code))
  if (bind === undefined || !code.includes('.listen(') || code.includes('.close(')) return undefined
  return `${bind === '8443' ? 'https' : 'http'}://127.0.0.1:${ports.get(bind)}/`
}

test('there are snippets, and each is a module of its own', () => {
  assert.ok(snippets.length >= 15)
  for (const { line, code } of snippets) assert.match(code, /^import /m, `the snippet on line ${line}`)
})

test('every port in a snippet is one that this test provides', () => {
  for (const { line, code } of snippets) {
    for (const [, port] of code.matchAll(/(?:127\.0\.0\.1:|localhost:|bind: |listen\()'?(\d{4})\b/g)) {
      assert.ok([...binds, ...servers].includes(port!), `port ${port} in the snippet on line ${line}`)
    }
  }
})

test('every snippet passes the type checker', { timeout: 120_000 }, () => {
  assert.deepEqual(compile(snippets.map((snippet) => fileOf(snippet, 'ts'))), [])
})

for (const snippet of snippets) {
  test(`the snippet on line ${snippet.line} runs and prints what it says`, { timeout: 30_000 }, async (t) => {
    const url = urlOf(snippet)
    const program = new Program(t, runner, [fileOf(snippet, 'js'), ...(url === undefined ? [] : [url])], folder)
    assert.equal(await program.exitCode(), 0, program.stderr)
    assert.equal(program.stderr, '')
    let rest = program.stdout
    for (const line of expectedOutput(snippet)) {
      const at = `\n${rest}`.indexOf(`\n${line}\n`)
      assert.ok(at >= 0, `it should print ${line}, and printed:\n${program.stdout}`)
      rest = rest.slice(at + line.length)
    }
  })
}
