import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../support/command.js'
import { Nginx } from '../support/nginx.js'
import { Program } from '../support/program.js'
import { skipWithout } from '../support/programs.js'

const skip = skipWithout('nginx', 'wrk')

for (const connections of [20, 200]) {
  test(`wrk sees no error on ${connections} connections in 2 s`, { skip, timeout: 60_000 }, async (t) => {
    const nginx = await Nginx.start(t, 'access_log off; location / { return 200 "hello"; }')
    const program = new Program(t, new URL('programs/proxy.js', import.meta.url), [nginx.address])
    const [, , port] = await program.says(/^(\d+) (\d+)\n/)
    const load = ['-t1', `-c${connections}`, '-d2s', '--timeout', '10s']
    const { code, stdout } = await run('wrk', [...load, `http://127.0.0.1:${port}/`])
    assert.equal(code, 0)
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
    assert.ok(requests > connections, stdout)
    // wrk has these lines only when there is something to tell.
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/)
    t.diagnostic(`${requests} requests`)
  })
}
