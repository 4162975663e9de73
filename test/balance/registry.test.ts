import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Balancer } from '../../src/balance/balancer.js'
import { LeastConnections } from '../../src/balance/least-connections.js'
import { algorithmNames, createBalancer } from '../../src/balance/registry.js'
import { OptionError } from '../../src/util/errors.js'

const path = 'backends.app.balance'

/** Asserts that a value is refused, with the path of what is wrong and words of what is known. */
function refuses(value: unknown, at: string, ...known: readonly string[]): void {
  assert.throws(
    () => createBalancer(value, path),
    (error) => {
      assert.ok(error instanceof OptionError)
      assert.equal(error.path, `${path}${at}`)
      for (const word of known) assert.ok(error.message.includes(word), `${error.message} does not name ${word}`)
      return true
    },
  )
}

/** What algorithms need that can't do without options. */
const needed: Readonly<Record<string, object>> = {
  urlParam: { name: 'user' },
  header: { name: 'x-user' },
  hash: { key: () => 'a' },
}

describe('a balance option', () => {
  for (const name of algorithmNames) {
    test(`takes ${name}, as a name where it needs no options, and in an object`, () => {
      if (needed[name] === undefined) assert.equal(createBalancer(name, path).algorithm, name)
      assert.equal(createBalancer({ algorithm: name, ...needed[name] }, path).algorithm, name)
    })
  }

  test('takes the options of an algorithm', () => {
    assert.equal(createBalancer({ algorithm: 'random', draws: 3 }, path).algorithm, 'random')
    refuses({ algorithm: 'random', draws: 0 }, '.draws', 'from 1')
    refuses({ algorithm: 'maglev', key: 'source' }, '.key', 'a sample')
    for (const tableSize of [1, 0, -7, 65_536, 7.5, Infinity, 5_000_077, '7']) {
      refuses({ algorithm: 'maglev', tableSize }, '.tableSize', 'prime')
    }
    refuses({ algorithm: 'maglev', hashKey: 'id' }, '.hashKey')
    refuses({ algorithm: 'uri', tableSize: 7 }, '.tableSize', "without hashType 'maglev'")
    refuses({ algorithm: 'uri', hashType: 'maglev', hashKey: 'id' }, '.hashKey', "without hashType 'consistent'")
    refuses({ algorithm: 'peakEwma', decayTime: 0 }, '.decayTime', 'at least 1ms')
    refuses({ algorithm: 'leastResponseTime', decayTime: 'soon' }, '.decayTime', 'a time')
  })

  test('takes a balancer as it is', () => {
    const ready = new LeastConnections()
    assert.equal(createBalancer(ready, path), ready)
    const own: Balancer = { algorithm: 'mine', rebuild() {}, pick: () => undefined }
    assert.equal(createBalancer(own, path), own)
  })

  test('refuses an unknown name, and says what is known', () => {
    refuses('round-robin', '', ...algorithmNames)
    refuses({ algorithm: 'rr' }, '.algorithm', 'roundrobin', 'random')
    refuses('constructor', '')
    refuses({}, '.algorithm', 'roundrobin')
    for (const value of [undefined, null, 1, true, [], () => {}]) refuses(value, '', 'roundrobin')
  })

  test('refuses an option that the algorithm has not, and says what is known', () => {
    refuses({ algorithm: 'roundrobin', draws: 2 }, '.draws', 'algorithm')
    refuses({ algorithm: 'random', drawn: 2 }, '.drawn', 'algorithm', 'draws')
  })

  test('refuses what is half a balancer', () => {
    const pick = () => undefined
    const rebuild = () => {}
    refuses({ algorithm: 'mine', pick }, '.rebuild')
    refuses({ algorithm: 'mine', rebuild }, '.pick')
    refuses({ pick, rebuild }, '.algorithm')
    refuses({ algorithm: 'mine', pick, rebuild, onTake: 1 }, '.onTake', '(server)')
    refuses({ algorithm: 'mine', pick, rebuild, onOutcome: 1 }, '.onOutcome', '(server, outcome, milliseconds, now)')
  })
})
