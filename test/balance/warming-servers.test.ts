import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { First } from '../../src/balance/first.js'
import { LeastConnections } from '../../src/balance/least-connections.js'
import { LeastResponseTime } from '../../src/balance/least-response-time.js'
import { PeakEwma } from '../../src/balance/peak-ewma.js'
import { RandomDraws } from '../../src/balance/random.js'
import { RoundRobin } from '../../src/balance/round-robin.js'
import { StaticRoundRobin } from '../../src/balance/static-round-robin.js'
import { Pool } from './pool.js'

const all = [RoundRobin, StaticRoundRobin, LeastConnections, First, RandomDraws, PeakEwma, LeastResponseTime]

describe('a server that warms up', () => {
  for (const Balancer of all) {
    test(`gets more from ${Balancer.name} as soon as its limit has grown, though nobody left`, () => {
      const balancer = new Balancer()
      const pool = new Pool(balancer, [{ maxConnections: 10 }])
      const server = pool.get('a')
      server.warm({ sixteenths: 1, percent: 10 })
      assert.equal(pool.take(), server)
      assert.equal(pool.take(), undefined, 'a tenth of its limit is taken')
      server.warm({ sixteenths: 8, percent: 20 })
      balancer.onRoom(server)
      assert.equal(pool.take(), server)
      assert.equal(pool.take(), undefined)
    })
  }

  for (const Balancer of [RoundRobin, LeastConnections, RandomDraws, PeakEwma, LeastResponseTime]) {
    test(`has a part of its share of the load from ${Balancer.name}`, () => {
      const pool = new Pool(new Balancer(), [16, 16])
      const [cold, warm] = pool.servers as [(typeof pool.servers)[0], (typeof pool.servers)[0]]
      for (const server of pool.servers) {
        pool.occupy(server)
        pool.finish(server, 10)
      }
      cold.warm({ sixteenths: 4, percent: 100 })
      pool.rebuild()
      for (let i = 0; i < 100; i++) pool.take()
      assert.ok(cold.served >= 15 && cold.served <= 25, `${cold.served} and ${warm.served}`)
    })
  }
})
