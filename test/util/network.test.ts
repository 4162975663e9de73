import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isAddress } from '../../src/util/ip-address.js'
import { AddressSet, normalizeAddress } from '../../src/util/network.js'

/** Where IPv4 stands among the IPv6 addresses. */
const mapped = 0xffff_0000_0000n

/** An address of either family as one number. */
const anyAddress = fc.oneof(
  fc.bigInt({ min: mapped, max: mapped + 0xffff_ffffn }),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  // Few bits set: the ranges and addresses that meet each other.
  fc
    .array(fc.integer({ min: 0, max: 127 }), { maxLength: 3 })
    .map((bits) => bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)),
  fc
    .array(fc.integer({ min: 0, max: 31 }), { maxLength: 3 })
    .map((bits) => bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), mapped)),
)

function isMapped(address: bigint): boolean {
  return address >> 32n === 0xffffn
}

function dotted(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.')
}

/** The eight groups in full, or with the longest run of zeros left out, or with an IPv4 tail. */
function ipv6Text(address: bigint, style: 'full' | 'short' | 'tail' | 'upper'): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  if (style === 'full') return groups.map((group) => group.padStart(4, '0')).join(':')
  const tail = style === 'tail' ? [...groups.slice(0, 6), dotted(address & 0xffff_ffffn)] : groups
  const runs = [...tail.join(':').matchAll(/(?<![.\w])0(?::0)*(?![.\w])/g)].sort((a, b) => b[0].length - a[0].length)
  const text = tail.join(':')
  const run = runs[0]
  if (run === undefined) return style === 'upper' ? text.toUpperCase() : text
  const before = text.slice(0, run.index).replace(/:$/, '')
  const after = text.slice(run.index + run[0].length).replace(/^:/, '')
  return `${before}::${after}`
}

const style = fc.constantFrom('full' as const, 'short' as const, 'tail' as const, 'upper' as const)

describe('AddressSet', () => {
  test('has single addresses and those within ranges, and no others', () => {
    const set = new AddressSet(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1'], 'list')
    for (const address of ['192.0.2.7', '10.0.0.0', '10.255.255.255', '2001:db8::', '2001:db8:ffff::1', '::1']) {
      assert.equal(set.has(address), true, address)
    }
    for (const address of [
      '192.0.2.6',
      '192.0.2.8',
      '9.255.255.255',
      '11.0.0.0',
      '2001:db9::',
      '::',
      '::2',
      '0.0.0.1',
    ]) {
      assert.equal(set.has(address), false, address)
    }
  })

  test('takes an IPv4-mapped IPv6 address for its IPv4 address, both ways', () => {
    const set = new AddressSet(['10.0.0.0/8', '::ffff:192.0.2.0/120'], 'list')
    for (const address of ['::ffff:10.1.2.3', '::FFFF:10.1.2.3', '::ffff:a01:203', '192.0.2.9', '::ffff:192.0.2.9']) {
      assert.equal(set.has(address), true, address)
    }
    assert.equal(set.has('::10.1.2.3'), false)
    assert.equal(set.has('192.0.3.0'), false)
  })

  test('takes 0.0.0.0/0 for all of IPv4, and ::/0 for everything', () => {
    const ipv4 = new AddressSet(['0.0.0.0/0'], 'list')
    assert.deepEqual(
      ['0.0.0.0', '255.255.255.255', '::1'].map((address) => ipv4.has(address)),
      [true, true, false],
    )
    const all = new AddressSet(['::/0'], 'list')
    assert.ok(['0.0.0.0', '255.255.255.255', '::', 'ffff::'].every((address) => all.has(address)))
  })

  test('ignores the bits after the prefix, as HAProxy does', () => {
    const set = new AddressSet(['127.0.0.1/8'], 'list')
    assert.equal(set.has('127.200.0.9'), true)
  })

  test('leaves the zone of an address out of account', () => {
    assert.equal(new AddressSet(['fe80::/10'], 'list').has('fe80::1%eth0'), true)
  })

  test('has nothing that is no address, and nothing at all when it is empty', () => {
    const all = new AddressSet(['0.0.0.0/0', '::/0'], 'list')
    for (const text of [
      '',
      'localhost',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.4/8',
      '01.2.3.4',
      ' 1.2.3.4',
      '::1%',
      '256.0.0.1',
    ]) {
      assert.equal(all.has(text), false, text)
    }
    assert.equal(new AddressSet([], 'list').has('10.0.0.1'), false)
  })

  test('gives the same answer however often and in whatever order it is asked', () => {
    const set = new AddressSet(['10.0.0.0/8'], 'list')
    const asked = ['10.0.0.1', '10.0.0.1', '11.0.0.1', '11.0.0.1', 'no address', '10.0.0.1', '', '10.0.0.1']
    assert.deepEqual(
      asked.map((address) => set.has(address)),
      [true, true, false, false, false, true, false, true],
    )
  })

  test('refuses a bad entry by its place', () => {
    const bad = [
      'localhost',
      '',
      '10.0.0',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/',
      '10.0.0.0/08',
      '10.0.0.0/255.0.0.0',
      '::/129',
      'fe80::1%eth0',
      '1.2.3.4 ',
      '::ffff:10.0.0.0/8',
      7,
      null,
      undefined,
      ['10.0.0.0/8'],
    ]
    for (const entry of bad) {
      assert.throws(
        () => new AddressSet(['10.0.0.0/8', entry], 'frontends.main.trustedProxies'),
        { code: 'ERR_EVENKEEL_OPTION', path: 'frontends.main.trustedProxies[1]', value: entry },
        String(entry),
      )
    }
  })

  test('agrees with plain arithmetic for any ranges, addresses and spellings', () => {
    const range = fc.record({ address: anyAddress, prefix: fc.integer({ min: 0, max: 128 }), style })
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 20 }),
        fc.array(fc.tuple(anyAddress, style), { minLength: 1 }),
        (ranges, asked) => {
          const model: { first: bigint; last: bigint }[] = []
          const entries = ranges.map(({ address, prefix, style }) => {
            const kept = isMapped(address) ? 96 + (prefix % 33) : prefix
            const hosts = (1n << BigInt(128 - kept)) - 1n
            model.push({ first: address & ~hosts, last: address | hosts })
            if (isMapped(address) && style === 'short') return `${dotted(address & 0xffff_ffffn)}/${kept - 96}`
            return kept === 128 && style === 'full' ? ipv6Text(address, style) : `${ipv6Text(address, style)}/${kept}`
          })
          const set = new AddressSet(entries, 'list')
          // The ends of the ranges and their neighbours are where mistakes would be.
          const edges = model
            .flatMap(({ first, last }) => [first - 1n, first, last, last + 1n])
            .filter((edge) => edge >= 0n && edge < 1n << 128n)
          for (const [address, style] of [...asked, ...edges.map((edge) => [edge, 'short'] as const)]) {
            const text =
              isMapped(address) && style === 'short' ? dotted(address & 0xffff_ffffn) : ipv6Text(address, style)
            assert.equal(
              set.has(text),
              model.some(({ first, last }) => first <= address && address <= last),
              `${text} in ${entries}`,
            )
          }
        },
      ),
      { seed: 11, numRuns: 500 },
    )
  })
})

describe('isAddress', () => {
  test('agrees with node:net on any text made of the letters of addresses', () => {
    const part = fc.constantFrom(...': :: . 1 0 f A 255 256 1.2.3.4 01.2.3.4 ffff 12345 g /'.split(' '), ' ')
    const group = fc.constantFrom('', '0', '1', 'ab', 'ffff', '1.2.3.4')
    const text = fc.oneof(
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(':')),
      fc.tuple(anyAddress, style).map(([address, style]) => ipv6Text(address, style)),
      fc.tuple(fc.ipV6(), fc.constantFrom('%eth0', '%1', '%', '%a b')).map((parts) => parts.join('')),
      fc.ipV4(),
      fc.ipV6(),
    )
    let addresses = 0
    fc.assert(
      fc.property(text, (text) => {
        if (isIP(text) !== 0) addresses++
        assert.equal(isAddress(text), isIP(text) !== 0, JSON.stringify(text))
      }),
      { seed: 3, numRuns: 5000 },
    )
    assert.ok(addresses > 1000)
  })
})

describe('normalizeAddress', () => {
  test('writes an IPv4-mapped address as IPv4, however it is spelled', () => {
    for (const text of ['::ffff:192.0.2.7', '::FFFF:192.0.2.7', '::ffff:c000:207', '0:0:0:0:0:ffff:192.0.2.7']) {
      assert.equal(normalizeAddress(text), '192.0.2.7', text)
    }
    assert.equal(normalizeAddress('::ffff:255.255.255.255'), '255.255.255.255')
  })

  test('leaves every other text alone', () => {
    for (const text of [
      '192.0.2.7',
      '::1',
      '2001:DB8::1',
      '::ffff:0:192.0.2.7',
      '::ffff:999.0.0.1',
      '',
      'unknown',
      '::ffff:',
    ]) {
      assert.equal(normalizeAddress(text), text)
    }
  })
})
