import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CheckOptions, readCheck } from '../../src/core/check-options.js'
import { Server, type ServerChange, type ServerListener, type ServerOptions } from '../../src/core/server.js'
import { HealthCheck } from '../../src/health/health-check.js'

const address = '127.0.0.1:5001'

/** A listener that keeps what it is told, in words. */
class Notes implements ServerListener {
  readonly changes: ServerChange[] = []
  freed = 0

  serverChanged(_server: Server, change: ServerChange): void {
    this.changes.push(change)
  }

  slotFreed(): void {
    this.freed++
  }

  get events(): string[] {
    return this.changes.map((change) => (change.what === 'state' ? change.event : `weight from ${change.before}`))
  }
}

/** A server that joined a backend with that check. */
function joined(check?: CheckOptions | boolean, options: Partial<ServerOptions> = {}) {
  const server = new Server('app1', { address, ...options })
  const notes = new Notes()
  server.join(notes, 1, readCheck(undefined, check, 'check'), 1)
  return { server, notes }
}

/** Lets checks report, one result per letter: + passed, - failed. Returns the status text after each. */
function observe(server: Server, results: string): string[] {
  return [...results].map((result) => {
    const passed = result === '+'
    server.observeCheck({ passed, status: passed ? 'L4OK' : 'L4CON', reason: result, duration: 1 })
    return server.status
  })
}

/** Asserts that options, right or wrong in type, are refused with a path. */
function refuses(options: unknown, path: string, name = 'app1'): void {
  const create = () => new Server(name, options as ServerOptions, 'backends.app.servers[1]')
  assert.throws(create, { code: 'ERR_EVENKEEL_OPTION', path: `backends.app.servers[1]${path}` })
}

describe('a server’s status text', () => {
  test('is "no check" without a check', () => {
    assert.equal(joined().server.status, 'no check')
    assert.equal(joined(true, { check: false }).server.status, 'no check')
  })

  test('counts down from UP to DOWN and up again', () => {
    const { server } = joined({ rise: 2, fall: 3 })
    assert.equal(server.status, 'UP 1/3')
    assert.deepEqual(observe(server, '+'), ['UP'])
    assert.deepEqual(observe(server, '---'), ['UP 2/3', 'UP 1/3', 'DOWN'])
    assert.deepEqual(observe(server, '-++'), ['DOWN', 'DOWN 1/2', 'UP'])
  })

  test('says DRAIN while it drains, and DOWN when a draining server fails', () => {
    const { server } = joined({ rise: 2, fall: 3 })
    observe(server, '+')
    server.drain()
    assert.equal(server.status, 'DRAIN')
    assert.deepEqual(observe(server, '---'), ['DRAIN 2/3', 'DRAIN 1/3', 'DOWN'])
    assert.deepEqual(observe(server, '++'), ['DOWN 1/2', 'DRAIN'])
    const unchecked = joined().server
    unchecked.drain()
    assert.equal(unchecked.status, 'DRAIN')
  })

  test('says MAINT in maintenance, whatever checks said', () => {
    const { server } = joined(true)
    observe(server, '-')
    server.maintenance()
    assert.equal(server.status, 'MAINT')
    assert.deepEqual(observe(server, '++'), ['MAINT', 'MAINT'])
  })

  test('starts over at one failure from down after maintenance', () => {
    const { server } = joined({ rise: 2, fall: 3 })
    observe(server, '-')
    server.maintenance()
    server.ready()
    assert.equal(server.status, 'UP 1/3')
    assert.deepEqual(observe(server, '-'), ['DOWN'])
    server.maintenance()
    server.drain()
    assert.equal(server.status, 'DRAIN 1/3')
  })

  test('stays what it was through a drain: nothing starts over', () => {
    const { server } = joined({ rise: 2, fall: 3 })
    observe(server, '+-')
    server.drain()
    server.ready()
    assert.equal(server.status, 'UP 2/3')
    observe(server, '--')
    server.drain()
    server.ready()
    assert.equal(server.status, 'DOWN')
  })
})

describe('a server’s states', () => {
  test('an unchecked server runs until somebody says otherwise', () => {
    const { server } = joined()
    assert.deepEqual([server.operational, server.administrative], ['running', 'ready'])
    assert.deepEqual([server.isUp, server.isUsable], [true, true])
    assert.deepEqual(observe(server, '---'), ['no check', 'no check', 'no check'])
    assert.equal(server.isUp, true)
    assert.equal(server.lastCheck, undefined)
  })

  test('a draining server is up but gets no new traffic', () => {
    const { server } = joined()
    server.drain()
    assert.deepEqual([server.isUp, server.isUsable], [true, false])
    server.ready()
    assert.equal(server.isUsable, true)
  })

  test('a server of weight 0 is up but gets no new traffic', () => {
    const { server } = joined(undefined, { weight: 0 })
    assert.deepEqual([server.isUp, server.isUsable], [true, false])
  })

  test('a server in maintenance, or one that failed, is down', () => {
    const { server } = joined(true)
    server.maintenance()
    assert.deepEqual([server.isUp, server.isUsable, server.operational], [false, false, 'running'])
    server.ready()
    observe(server, '-')
    assert.deepEqual([server.isUp, server.isUsable, server.operational], [false, false, 'stopped'])
  })

  test('its backend hears of every change once, with the state before and the check that caused it', () => {
    const { server, notes } = joined({ rise: 2, fall: 3 })
    observe(server, '++---')
    observe(server, '-++')
    server.drain()
    server.drain()
    server.maintenance()
    server.ready()
    server.weight = 5
    server.weight = 5
    assert.deepEqual(notes.events, ['fell', 'rose', 'drain', 'maintenance', 'ready', 'weight from 1'])
    const [fell, , drain] = notes.changes
    assert.deepEqual(fell, {
      what: 'state',
      event: 'fell',
      before: { operational: 'running', administrative: 'ready' },
      check: { passed: false, status: 'L4CON', reason: '-', duration: 1 },
    })
    assert.equal(drain?.what === 'state' && drain.check, undefined)
  })

  test('keeps the last check, and none of those that end in maintenance', () => {
    const { server } = joined(true)
    observe(server, '+')
    assert.equal(server.lastCheck?.status, 'L4OK')
    server.maintenance()
    observe(server, '-')
    assert.equal(server.lastCheck?.status, 'L4OK')
    assert.equal(server.failedChecks, 0)
  })

  test('counts failed checks while there is health to lose, as HAProxy does', () => {
    const { server } = joined({ rise: 3, fall: 3 })
    const counts = [...'--++--++++-+----'].map((result) => {
      observe(server, result)
      return `${server.failedChecks},${server.timesDown}`
    })
    // The series was run against HAProxy 2.6.12, whose chkfail and chkdown these are.
    const haproxy = '1,1 1,1 1,1 1,1 2,1 2,1 2,1 2,1 2,1 2,1 3,1 3,1 4,1 5,1 6,2 6,2'
    assert.deepEqual(counts, haproxy.split(' '))
  })

  test('counts going into maintenance as going down, unless it was down', () => {
    const { server } = joined(true)
    server.drain()
    assert.equal(server.timesDown, 0)
    server.maintenance()
    assert.equal(server.timesDown, 1)
    server.ready()
    observe(server, '-')
    assert.equal(server.timesDown, 2)
    server.maintenance()
    assert.equal(server.timesDown, 2)
  })

  test('belongs to one backend: joining twice throws', () => {
    const { server } = joined()
    assert.throws(() => server.join(new Notes(), 2, undefined, 1), { code: 'ERR_EVENKEEL_STATE' })
    assert.equal(server.id, 1)
  })

  test('a join that its check made fail leaves the server free', () => {
    const server = new Server('app1', { address: 'unix:/run/app.sock' })
    const check = readCheck(undefined, { port: 8080 }, 'check')
    const error = { code: 'ERR_EVENKEEL_OPTION', path: 'servers.app1.check.port' }
    assert.throws(() => server.join(new Notes(), 1, check, 1), error)
    server.join(new Notes(), 1, undefined, 1)
    assert.equal(server.id, 1)
  })
})

describe('a server’s check', () => {
  test('is its backend’s, or laid over it, or none', () => {
    const backend: CheckOptions = { interval: 7000, http: { path: '/health' } }
    assert.equal(joined(backend).server.check?.interval, 7000)
    assert.equal(joined(backend, { check: true }).server.check?.http?.path, '/health')
    assert.equal(joined(backend, { check: { interval: 100 } }).server.check?.http?.path, '/health')
    assert.equal(joined(backend, { check: { interval: 100 } }).server.check?.interval, 100)
    assert.equal(joined(backend, { check: false }).server.check, undefined)
    assert.equal(joined(undefined, { check: true }).server.check?.http, undefined)
    assert.equal(joined(undefined).server.check, undefined)
  })

  test('may be a HealthCheck', () => {
    const check = new HealthCheck({ interval: '3s' })
    assert.equal(joined(undefined, { check }).server.check?.interval, 3000)
  })
})

describe('a server’s weight', () => {
  test('is 1, or what it was given, and can be changed', () => {
    assert.equal(joined().server.weight, 1)
    const { server } = joined(undefined, { weight: 256 })
    server.weight = 0
    assert.deepEqual([server.weight, server.initialWeight, server.isUsable], [0, 256, false])
  })

  test('can be a percentage of the one that it was made with', () => {
    const { server, notes } = joined(undefined, { weight: 10 })
    server.weight = '50%'
    server.weight = '75%'
    assert.deepEqual([server.weight, server.initialWeight, server.isUsable], [7, 10, true])
    assert.deepEqual(notes.events, ['weight from 10', 'weight from 5'])
    server.weight = '9%'
    assert.deepEqual([server.weight, server.isUsable], [0, false])
  })

  test('is refused out of its range, and stays', () => {
    const server = new Server('app1', { address }, 'backends.app.servers[1]')
    const bad = [-1, 257, 1.5, Number.NaN, '2', '%', '-1%', '1.5%', ' 1%', '1%%', '1 %', ['1%'], null, undefined]
    for (const weight of bad as unknown[]) {
      const set = () => {
        server.weight = weight as number
      }
      assert.throws(set, { code: 'ERR_EVENKEEL_OPTION', path: 'backends.app.servers[1].weight' })
    }
    assert.equal(server.weight, 1)
  })
})

describe('a server’s slots', () => {
  test('are limited by maxConnections, and given back to its backend', () => {
    const { server, notes } = joined(undefined, { maxConnections: 2 })
    server.take(1)
    assert.deepEqual([server.served, server.hasSlot, server.hasRoom], [1, true, true])
    server.take(1)
    assert.deepEqual([server.served, server.hasSlot, server.hasRoom], [2, false, false])
    server.release()
    assert.deepEqual([server.served, server.hasSlot, notes.freed], [1, true, 1])
  })

  test('are without limit by default', () => {
    const { server } = joined()
    for (let i = 0; i < 1000; i++) server.take(1)
    assert.equal(server.hasRoom, true)
  })
})

describe('a server’s options', () => {
  test('are refused with their path', () => {
    refuses(undefined, '')
    refuses({}, '.address')
    refuses({ address: 'localhost' }, '.address')
    refuses({ address: '127.0.0.1:0' }, '.address')
    refuses({ address, weight: 257 }, '.weight')
    refuses({ address, weight: '1' }, '.weight')
    refuses({ address, backup: 1 }, '.backup')
    refuses({ address, maxConnections: -1 }, '.maxConnections')
    refuses({ address, maxconn: 5 }, '.maxconn')
    refuses({ address, check: 'yes' }, '.check')
    refuses({ address, check: { rise: 0 } }, '.check.rise')
    refuses({ address, check: { http: { path: 'x' } } }, '.check.http.path')
    refuses({ address: 'unix:/run/app.sock', check: { port: 80 } }, '.check.port')
  })

  test('a name outside HAProxy’s alphabet is refused', () => {
    for (const name of ['', 'a b', 'ä', '__proto__']) refuses({ address }, '', name)
  })

  test('a Unix socket may be checked at another address with a port', () => {
    const server = new Server('app1', { address: 'unix:/run/app.sock', check: { address: '127.0.0.1:1', port: 80 } })
    assert.equal(server.target, 'unix:/run/app.sock')
  })
})
