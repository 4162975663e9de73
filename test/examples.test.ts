import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Program } from './support/program.js'

const folder = new URL('../examples/', import.meta.url)

/** What each example prints. */
const outputs: Readonly<Record<string, RegExp>> = {
  attach: /^app1 answers \/a\napp2 answers \/b\nthe application answers\n$/,
  basic:
    /^app1 answers \/a\napp2 answers \/b\napp1 answers \/c\napp2 answers \/d\napp1 was chosen 2 times\napp2 was chosen 2 times\n$/,
  compose: /^api1 answers \/api\/users\napp1 answers \/\napp2 answers \/\n$/,
  drain: /^app1 drains\napp2 answers \/\napp3 joined\napp3 answers \/\napp1 left\napp2 1 no check, app3 2 no check\n$/,
  express: /^the application answers\napi1 answers \/api\/users\n404\n$/,
  'route-test':
    /step: 'balance'.*candidates: \[ 'app2' \].*server: 'app1', reason: 'down: L7STS, sick'.*server: 'app2'/s,
  tcp: /^echoed: hello\nmain\/echo1: 5 bytes in, 5 out, ended ----\n$/,
  tutorial:
    /^app1 answers \/\napp2 answers \/login\nstatic1 answers \/logo\.PNG\nstatic1 answers \/static\/a\.css\?v=2\n$/,
}

test('every example has an expected output', () => {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.js') && file !== 'support.js')
    .map((file) => file.slice(0, -3))
  assert.deepEqual(names.sort(), Object.keys(outputs).sort())
})

for (const [name, output] of Object.entries(outputs)) {
  test(`the example ${name} does what it says and ends by itself`, { timeout: 30_000 }, async (t) => {
    const program = new Program(t, new URL(`${name}.js`, folder))
    assert.equal(await program.exitCode(), 0, program.stderr)
    assert.match(program.stdout, output)
    assert.equal(program.stderr, '')
  })
}
