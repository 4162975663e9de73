import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryStore } from '../../src/sticky-table/memory-store.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import { OptionError } from '../../src/util/errors.js'

describe('options of a StickyTable', () => {
  const good = { type: 'string', size: '1k' } as const

  test('sizes take suffixes of powers of 1024', () => {
    assert.equal(new StickyTable(good).capacity, 1024)
    assert.equal(new StickyTable({ ...good, size: '1m' }).capacity, 1_048_576)
  })

  test('a bad one is refused by name', () => {
    const backing = new MemoryStore({ capacity: 1 })
    const bad: readonly (readonly [options: object, path: string])[] = [
      [{ type: undefined }, 'type'],
      [{ type: 'str' }, 'type'],
      [{ type: 'toString' }, 'type'],
      [{ size: undefined }, 'size'],
      [{ size: 0 }, 'size'],
      [{ size: '9m' }, 'size'],
      [{ size: 'many' }, 'size'],
      [{ length: 0 }, 'length'],
      [{ length: 65_537 }, 'length'],
      [{ type: 'ip', length: 4 }, 'length'],
      [{ expire: '1y' }, 'expire'],
      [{ noPurge: 1 }, 'noPurge'],
      [{ clock: {} }, 'clock'],
      [{ backing: new Map(), size: undefined }, 'backing'],
      [{ backing }, 'size'],
      [{ backing, size: undefined, noPurge: true }, 'noPurge'],
      [{ nopurge: true }, 'nopurge'],
    ]
    for (const [options, name] of bad) {
      for (const path of ['stickyTable', 'backends.app.table']) {
        assert.throws(
          () => new StickyTable(Object.assign({ ...good }, options), path),
          (error) => error instanceof OptionError && error.path === `${path}.${name}`,
          JSON.stringify(options),
        )
      }
    }
    assert.throws(() => new StickyTable(Object.assign({ ...good }, { size: 0 })), {
      constructor: OptionError,
      path: 'stickyTable.size',
      code: 'ERR_EVENKEEL_OPTION',
    })
    assert.throws(
      () => new StickyTable({ ...good, backing }),
      /stickyTable\.size: got "1k", takes nothing, as it is for/,
    )
  })
})
