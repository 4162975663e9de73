import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Program } from '../support/program.js'

const main = new URL('../../src/cli/main.js', import.meta.url)
const anyPorts = ['--port', '0', '--stats-port', '0']
const bounded = { timeout: 30_000 }

async function urls(program: Program): Promise<{ proxy: string; stats: string }> {
  const [, proxy] = await program.says(/proxy {3}(\S+)\n/)
  const [, stats] = await program.says(/stats {3}(\S+)\n/)
  return { proxy: proxy!, stats: stats! }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return response.text()
}

async function origin(t: TestContext, listener: RequestListener): Promise<{ server: Server; address: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test(
  'the demonstration answers from all three servers, shows them on its page, and leaves at Ctrl-C',
  bounded,
  async (t) => {
    const program = new Program(t, main, [...anyPorts, '--outage-every', '0'])
    const { proxy, stats } = await urls(program)
    const answers = [await text(proxy), await text(proxy), await text(`${proxy}x?y=1`)]
    for (const name of ['app1', 'app2', 'app3']) {
      assert.ok(
        answers.some((answer) => answer.startsWith(`${name} answers GET /`)),
        `${name} answers`,
      )
    }
    assert.match(answers[2]!, /answers GET \/x\?y=1 of 127\.0\.0\.1\n/)
    assert.match(program.stdout, new RegExp(`curl ${proxy}\n`))
    const page = await text(stats)
    for (const name of ['app1', 'app2', 'app3']) assert.ok(page.includes(name), `the page shows ${name}`)

    program.send('SIGINT')
    assert.equal(await program.exitCode(), 0)
    assert.match(program.stdout, /closing: .*\napp1 UP 1 .*3 requests, 0 failed\n$/s)
    assert.equal(program.stderr, '')
  },
)

test('a server of the demonstration that goes away and comes back costs no answer', bounded, async (t) => {
  const program = new Program(t, main, [...anyPorts, '--outage-every', '2'])
  const { proxy } = await urls(program)
  let isBack = false
  const back = program.says(/app1 is down: .*app1 is up again/s).then(() => {
    isBack = true
  })
  while (!isBack) await text(proxy)
  await back
  program.send('SIGTERM')
  assert.equal(await program.exitCode(), 0)
  assert.match(program.stdout, / 0 failed\n$/)
})

test('with --server it balances over the given servers and says which is down', bounded, async (t) => {
  const one = await origin(t, (_request, response) => response.end('one'))
  const two = await origin(t, (_request, response) => response.end('two'))
  const program = new Program(t, main, [...anyPorts, '--server', one.address, '--server', two.address])
  const { proxy } = await urls(program)
  assert.deepEqual([await text(proxy), await text(proxy)].sort(), ['one', 'two'])
  one.server.close()
  one.server.closeAllConnections()
  await program.says(new RegExp(`${one.address} is down: `))
  assert.deepEqual([await text(proxy), await text(proxy)], ['two', 'two'])
  program.send('SIGINT')
  assert.equal(await program.exitCode(), 0)
})

test('at Ctrl-C what is under way may finish', bounded, async (t) => {
  const slow = await origin(t, (_request, response) => {
    program.send('SIGINT')
    program.says(/closing/).then(() => response.end('finished'))
  })
  const program = new Program(t, main, [...anyPorts, '--server', slow.address])
  const { proxy } = await urls(program)
  assert.equal(await text(proxy), 'finished')
  assert.equal(await program.exitCode(), 0)
})

test('a second Ctrl-C leaves at once', bounded, async (t) => {
  const silent = await origin(t, () => program.send('SIGINT'))
  const program = new Program(t, main, [...anyPorts, '--server', silent.address])
  const { proxy } = await urls(program)
  get(proxy, () => assert.fail('nobody answers')).on('error', () => {})
  await program.says(/closing/)
  // Two signals in close succession count as one, so keep asking.
  const again = setInterval(() => program.send('SIGINT'), 50)
  assert.equal(await program.exitCode(), 130)
  clearInterval(again)
})

test('a port in use ends it with one line and exit code 1', bounded, async (t) => {
  const { address } = await origin(t, () => {})
  const port = address.split(':')[1]!
  const program = new Program(t, main, ['--port', port, '--stats-port', '0'])
  assert.equal(await program.exitCode(), 1)
  assert.match(program.stderr, new RegExp(`^evenkeel: can't listen at ${address}: .*EADDRINUSE.*--port.*\n$`))
})

for (const args of [
  ['--nonsense'],
  ['--port', 'x'],
  ['--server', 'nonsense'],
  ['--server', 'a:1', '--server', 'a:1'],
]) {
  test(`${args.join(' ')} ends it with one line and exit code 2`, bounded, async (t) => {
    const program = new Program(t, main, [...anyPorts, ...args])
    assert.equal(await program.exitCode(), 2)
    assert.match(program.stderr, new RegExp(`^evenkeel: .*${args[0]}.*\n$`))
    assert.equal(program.stdout, '')
  })
}

test('--help shows every option', bounded, async (t) => {
  const program = new Program(t, main, ['--help'])
  assert.equal(await program.exitCode(), 0)
  for (const option of ['--server', '--port', '--stats-port', '--host', '--outage-every', '--help']) {
    assert.ok(program.stdout.includes(option), option)
  }
})
