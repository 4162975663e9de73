import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBalancer } from '../../../src/balance/registry.js'
import type { ServerOptions } from '../../../src/core/server.js'
import type { BalanceOption } from '../../../src/index.js'
import { OptionError } from '../../../src/util/errors.js'
import { avalanche, hashFunctions } from '../../../src/util/hash.js'
import { Pool } from '../pool.js'
import { exchange } from './views.js'

const path = 'backends.app.balance'

function pool(balance: BalanceOption, servers: readonly (number | Partial<ServerOptions>)[]): Pool {
  return new Pool(createBalancer(balance, path), servers)
}

function uri(target: string) {
  return exchange({ target })
}

/** The servers of some paths, one letter each. */
function serve(pool: Pool, count: number): string {
  return Array.from({ length: count }, (_, number) => pool.pick(undefined, uri(`/${number}`))?.name ?? '-').join('')
}

describe('a hash', () => {
  test('sends the same to the same server, where HAProxy sends it', () => {
    assert.equal(serve(pool('uri', [1, 1, 1, 1, 1]), 20), 'bcdeabcdeaeabcdeabcd')
    assert.equal(serve(pool('uri', [3, 1, 12]), 20), 'cccbcccaccccacccbccc')
    const consistent = { algorithm: 'uri', hashType: 'consistent' } as const
    assert.equal(serve(pool(consistent, [1, 1, 1, 1, 1]), 20), 'dcbaebcabcacbdaacaba')
    assert.equal(serve(pool(consistent, [3, 1, { weight: 12, id: 40 }]), 20), 'accaccccbccccacccacc')
  })

  test('goes by the avalanche of sdbm with consistent alone, by a plain function where one is named', () => {
    const plain = hashFunctions.sdbm('/7')
    const reason = (hashType: object) => {
      const own = pool({ algorithm: 'uri', hashType } as BalanceOption, [1, 1, 1])
      own.pick(undefined, uri('/7'))
      return own.reason
    }
    assert.match(reason({}), new RegExp(`hash ${plain}, slot`))
    assert.match(reason({ avalanche: true }), new RegExp(`hash ${avalanche(plain)}, slot`))
    assert.match(reason({ method: 'consistent' }), new RegExp(`hash ${avalanche(plain)}, point`))
    assert.match(reason({ method: 'consistent', avalanche: false }), new RegExp(`hash ${plain}, point`))
    assert.match(reason({ method: 'consistent', function: 'sdbm' }), new RegExp(`hash ${plain}, point`))
    assert.match(reason({ function: 'wt6' }), new RegExp(`hash ${hashFunctions.wt6('/7')}, slot`))
  })

  test('takes a text for the number that it is, where no function is wanted', () => {
    const own = pool({ algorithm: 'header', name: 'x-shard', hashType: { function: 'none' } }, [1, 1, 1])
    const shard = (value: string) => own.pick(undefined, exchange({ fields: ['X-Shard', value] }))?.name
    assert.deepEqual(['0', '1', '2', '3', '4294967297', 'x', '7x'].map(shard), ['a', 'b', 'c', 'a', 'b', 'a', 'b'])
  })

  test('gives a full server, where the exchange then waits', () => {
    for (const hashType of ['map-based', 'consistent'] as const) {
      const own = pool({ algorithm: 'uri', hashType }, [{ maxConnections: 1 }, { maxConnections: 1 }, 1])
      const before = serve(own, 20)
      for (const server of own.servers) own.occupy(server)
      assert.equal(serve(own, 20), before)
    }
  })

  test('gives the server to avoid again on a map, and another on a ring', () => {
    const map = pool('uri', [1, 1, 1])
    const ring = pool({ algorithm: 'uri', hashType: 'consistent' }, [1, 1, 1])
    for (let number = 0; number < 20; number++) {
      const view = uri(`/${number}`)
      assert.equal(map.pick(map.pick(undefined, view), view), map.pick(undefined, view))
      assert.notEqual(ring.pick(ring.pick(undefined, view), view), ring.pick(undefined, view))
    }
    const alone = pool({ algorithm: 'uri', hashType: 'consistent' }, [1])
    assert.equal(alone.pick(alone.get('a'), uri('/'))?.name, 'a')
  })

  test('has nobody to offer without servers', () => {
    for (const hashType of ['map-based', 'consistent'] as const) {
      const own = pool({ algorithm: 'uri', hashType }, [1])
      own.get('a').maintenance()
      assert.equal(own.pick(undefined, uri('/')), undefined)
      own.get('a').ready()
      assert.equal(own.pick(undefined, uri('/'))?.name, 'a')
    }
  })

  test('takes weights as they are set while it runs on a ring', () => {
    const own = pool({ algorithm: 'uri', hashType: 'consistent' }, [1, 1, 1])
    const before = serve(own, 100)
    own.get('b').weight = 200
    const heavy = serve(own, 100)
    assert.ok(heavy.split('b').length > 85, heavy)
    own.get('b').weight = 1
    assert.equal(serve(own, 100), before)
  })

  test('gives a server that began with weight 0 its slots once it has one', () => {
    const own = pool('uri', [1, 0])
    assert.equal(serve(own, 10), 'aaaaaaaaaa')
    own.get('b').weight = 1
    assert.equal(serve(own, 10), 'bababababa')
  })

  test('says why', () => {
    const map = pool('uri', [3, 2, 1])
    map.pick(undefined, uri('/a?b'))
    assert.equal(map.reason, `uri "/a", hash ${hashFunctions.sdbm('/a')}, slot 1 of 6`)
    const ring = pool({ algorithm: 'source', hashType: 'consistent' }, [1, 1])
    ring.pick(undefined, exchange({ source: '192.0.2.7' }))
    assert.equal(ring.reason, `source "192.0.2.7", hash ${avalanche(0xc0000207)}, point 2102342909 on a ring of 32`)
    ring.pick(ring.pick(undefined, uri('/')), uri('/'))
    assert.match(ring.reason, /, point \d+ on a ring of 32, \d+ after the nearest$/)
    const keyless = pool({ algorithm: 'header', name: 'X-User' }, [1, 1])
    keyless.pick(undefined, uri('/'))
    assert.equal(keyless.reason, 'in turn, as there is no header x-user to hash')
  })
})

describe('what has nothing to hash', () => {
  const algorithm = { algorithm: 'header', name: 'x-user' } as const

  test('goes round the map in turn', () => {
    assert.equal(pool(algorithm, [3, 2, 1]).serve(12), 'aababcaababc')
  })

  test('goes round the ring, from point to point, as in HAProxy', () => {
    const own = pool({ ...algorithm, hashType: 'consistent' }, [1, 1, 1])
    assert.equal(own.serve(48), 'ccbacaabcaaabbcaccbcabccabacbcbaacbabbcbacbacbab')
    assert.equal(own.serve(48), 'ccbacaabcaaabbcaccbcabccabacbcbaacbabbcbacbacbab')
  })

  test('goes on from where it stood when servers leave and return, as in HAProxy', () => {
    const own = pool({ ...algorithm, hashType: 'consistent' }, [1, 1, 1])
    assert.equal(own.serve(10), 'ccbacaabca')
    own.get('a').maintenance()
    assert.equal(own.serve(6), 'bcccbc')
    own.get('a').ready()
    assert.equal(own.serve(6), 'abccab')
    own.get('b').weight = 3
    assert.equal(own.serve(12), 'cbbbcbbaacbb')
    own.get('b').weight = 1
    assert.equal(own.serve(12), 'bbcbacbacbab')
  })

  test('passes over full servers', () => {
    for (const hashType of ['map-based', 'consistent'] as const) {
      const own = pool({ ...algorithm, hashType }, [{ maxConnections: 1 }, 1, { maxConnections: 1 }])
      own.occupy(own.get('a'))
      own.occupy(own.get('c'))
      assert.equal(own.serve(20), 'b'.repeat(20))
      own.get('c').release()
      assert.match(own.serve(40), /^(?=.*b)(?=.*c)[bc]{40}$/)
    }
  })

  test('finds the one server with room among thousands of full ones', () => {
    const servers = Array.from({ length: 3000 }, () => ({ maxConnections: 1 }))
    const own = pool({ ...algorithm, hashType: 'consistent' }, servers)
    for (const server of own.servers) own.occupy(server)
    assert.equal(own.pick(), undefined)
    own.servers[1234]!.release()
    assert.equal(own.pick(), own.servers[1234])
    assert.equal(own.pick(own.servers[1234]), undefined)
  })
})

describe('the options of a hash', () => {
  function refuses(value: object, at: string, ...words: readonly string[]): void {
    assert.throws(
      () => createBalancer(value, path),
      (error) => {
        assert.ok(error instanceof OptionError)
        assert.equal(error.path, `${path}${at}`)
        for (const word of words) assert.ok(error.message.includes(word), `${error.message} does not name ${word}`)
        return true
      },
    )
  }

  test('are those of its algorithm', () => {
    for (const [algorithm, own] of Object.entries({
      source: {},
      uri: { whole: true, pathOnly: true, length: 10, depth: 2 },
      urlParam: { name: 'id', checkPost: true },
      header: { name: 'host', useDomainOnly: true },
      rdpCookie: { name: 'msts' },
      hash: { key: () => 'x' },
    })) {
      const ring = { hashType: 'consistent', hashBalanceFactor: 150, hashKey: 'address' }
      assert.equal(createBalancer({ algorithm, ...own, ...ring }, path).algorithm, algorithm)
      refuses({ algorithm, ...own, whale: true }, '.whale', ...Object.keys(own), 'hashType')
    }
  })

  test('are refused where they are wrong', () => {
    refuses({ algorithm: 'uri', depth: -1 }, '.depth')
    refuses({ algorithm: 'uri', whole: 1 }, '.whole')
    refuses({ algorithm: 'header' }, '.name', 'name of a field')
    refuses({ algorithm: 'header', name: 'a b' }, '.name')
    refuses({ algorithm: 'urlParam', name: 'a=b' }, '.name')
    refuses({ algorithm: 'rdpCookie', name: '' }, '.name')
    refuses({ algorithm: 'hash' }, '.key', 'sample')
    refuses({ algorithm: 'hash', key: 'path' }, '.key')
    refuses({ algorithm: 'uri', hashType: 'ring' }, '.hashType', 'consistent', 'map-based')
    refuses({ algorithm: 'uri', hashType: { method: 'ring' } }, '.hashType.method', 'consistent')
    refuses({ algorithm: 'uri', hashType: { function: 'md5' } }, '.hashType.function', 'crc32', 'none')
    refuses({ algorithm: 'uri', hashType: { mixed: true } }, '.hashType.mixed', 'avalanche')
    for (const factor of [1, 100, 1.5, 70_000, '150']) {
      refuses({ algorithm: 'uri', hashType: 'consistent', hashBalanceFactor: factor }, '.hashBalanceFactor')
    }
    refuses({ algorithm: 'uri', hashType: 'consistent', hashKey: 'name' }, '.hashKey', 'address-port')
  })

  test('that a map can not heed are refused there', () => {
    refuses({ algorithm: 'uri', hashBalanceFactor: 150 }, '.hashBalanceFactor', 'consistent')
    refuses({ algorithm: 'uri', hashKey: 'id' }, '.hashKey', 'consistent')
  })
})
