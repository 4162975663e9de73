// Testing routes and failover without a socket: with decisions, and with a clock that the test moves.
import assert from 'node:assert/strict'
import { createProxy, host, path } from 'evenkeel'
import { VirtualClock } from 'evenkeel/testing'

const clock = new VirtualClock()
const sick = new Set<number>()

const proxy = createProxy({
  clock,
  frontends: {
    main: {
      routes: [{ backend: 'static', when: path.startsWith('/static'), unless: host.is('old.test') }],
      defaultBackend: 'app',
    },
  },
  backends: {
    static: { servers: ['10.0.0.1:80'] },
    app: {
      check: {
        interval: '2s',
        probe: async (address) =>
          'port' in address && sick.has(address.port)
            ? { passed: false, status: 'L7STS', reason: 'sick' }
            : { passed: true, status: 'L7OK', reason: 'well' },
      },
      servers: { app1: '10.0.0.2:5001', app2: '10.0.0.2:5002' },
    },
  },
})
await proxy.listen() // nothing is bound: this starts the checks

assert.equal(proxy.route('main', { url: '/static/a.css' }).backend?.name, 'static')
assert.equal(proxy.route('main', { url: '/static/a.css', headers: { host: 'old.test' } }).backend?.name, 'app')

sick.add(5001)
await clock.advanceAsync(10_000)
const decision = proxy.route('main', { url: '/' })
assert.equal(decision.server?.name, 'app2')
console.log(decision.trace.at(-1))

await proxy.close()
