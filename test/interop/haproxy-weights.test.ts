import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Server } from '../../src/core/server.js'
import { Haproxy } from '../support/haproxy.js'
import { skipWithout } from '../support/programs.js'

const initialWeights = [0, 1, 3, 10, 255, 256]
const percentages = ['0%', '1%', '9%', '10%', '33%', '34%', '050%', '75%', '100%', '101%', '300%', '8534%', '25600%']
const beyond = ['25601%', '2147483648%', `${'9'.repeat(30)}%`, `${'9'.repeat(400)}%`]

test('a percentage gives the weight that HAProxy makes of it', { skip: skipWithout('haproxy') }, async (t) => {
  const haproxy = await Haproxy.start(t, (port) => {
    const servers = initialWeights.map((weight) => `  server of${weight} 127.0.0.1:${port} weight ${weight}\n`)
    const limits = 'defaults\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n'
    return `${limits}frontend main\n  bind 127.0.0.1:${port}\nbackend app\n${servers.join('')}`
  })
  for (const weight of initialWeights) {
    for (const percentage of [...percentages, ...beyond] as `${number}%`[]) {
      const server = new Server('a', { address: '127.0.0.1:1', weight })
      server.weight = percentage
      assert.equal(await haproxy.command(`set server app/of${weight} weight ${percentage}`), '')
      const theirs = await haproxy.command(`get weight app/of${weight}`)
      assert.equal(`${server.weight} (initial ${server.initialWeight})`, theirs, `${percentage} of ${weight}`)
    }
  }
})
