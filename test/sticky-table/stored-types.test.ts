import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import { type StoreOptions, storedTypes } from '../../src/sticky-table/stored-types.js'
import { VirtualClock } from '../../src/testing/index.js'
import { OptionError } from '../../src/util/errors.js'

function valuesOf(store: StoreOptions): Readonly<Record<string, number | undefined>> {
  const table = new StickyTable({ type: 'string', size: 1, store, clock: new VirtualClock() })
  table.set('a', {})
  return table.get('a')!.values
}

describe('what a table stores', () => {
  test('is every data type of HAProxy 2.6, in its order', () => {
    // `stktable_data_types` of 2.6.12, less the server's.
    const haproxy = `gpt0 gpc0 gpc0_rate conn_cnt conn_rate conn_cur sess_cnt sess_rate http_req_cnt http_req_rate http_err_cnt
      http_err_rate bytes_in_cnt bytes_in_rate bytes_out_cnt bytes_out_rate gpc1 gpc1_rate http_fail_cnt http_fail_rate gpt
      gpc gpc_rate`
    assert.deepEqual(
      Object.values(storedTypes).map((row) => row.haproxy),
      haproxy.split(/\s+/),
    )
  })

  test('is nothing unless it is asked for', () => {
    assert.deepEqual(valuesOf({}), {})
    assert.deepEqual(valuesOf({ gpc0: false, connectionsCurrent: false }), {})
  })

  test('begins at 0, of each type alone and of all together', () => {
    const arrays = ['gpt', 'gpc', 'gpcRate']
    const singles = Object.entries(storedTypes).filter(([name]) => !arrays.includes(name))
    const all = Object.fromEntries(singles.map(([name, { kind }]) => [name, kind === 'rate' ? '10s' : true]))
    for (const [name, value] of Object.entries(all)) assert.deepEqual(valuesOf({ [name]: value }), { [name]: 0 })
    const values = valuesOf(all)
    assert.deepEqual(Object.keys(values), Object.keys(all))
    assert.ok(Object.values(values).every((value) => value === 0))
  })

  test('has the elements of arrays by number, as HAProxy shows them', () => {
    const store = { gpt: 2, gpc: 3, gpcRate: { length: 2, period: '2s' } }
    assert.deepEqual(Object.keys(valuesOf(store)), ['gpt0', 'gpt1', 'gpc0', 'gpc1', 'gpc2', 'gpc0Rate', 'gpc1Rate'])
    assert.equal(Object.keys(valuesOf({ gpc: 100 })).length, 100)
  })

  test('an event moves its count and its rate, and nothing else', () => {
    const clock = new VirtualClock()
    const store = { gpc: 3, gpcRate: { length: 2, period: '1s' }, httpRequestCount: true, bytesInRate: '1s' } as const
    const table = new StickyTable({ type: 'string', size: 1, store, clock })
    assert.equal(table.count('a', 'gpc1', 5), true)
    assert.equal(table.count('a', 'gpc2'), true)
    assert.equal(table.count('a', 'httpRequest'), true)
    assert.equal(table.count('a', 'bytesIn', 1000), true)
    assert.deepEqual(table.get('a')!.values, {
      httpRequestCount: 1,
      bytesInRate: 1000,
      gpc0: 0,
      gpc1: 5,
      gpc2: 1,
      gpc0Rate: 0,
      gpc1Rate: 5,
    })
    assert.equal(table.count('a', 'gpc3'), false, 'there is no such element')
    assert.equal(table.count('a', 'httpError'), false, 'it is not stored')
    assert.equal(table.count('b', 'httpError'), false)
    assert.deepEqual([table.has('b'), table.has('a')], [false, true])
  })

  test('counts go on beyond 32 bits', () => {
    const table = new StickyTable({ type: 'string', size: 1, store: { bytesOutCount: true, bytesOutRate: '1m' } })
    for (let i = 0; i < 3; i++) table.count('a', 'bytesOut', 2 ** 40)
    assert.deepEqual(table.get('a')!.values, { bytesOutCount: 3 * 2 ** 40, bytesOutRate: 3 * 2 ** 40 })
  })

  test('is refused by name when it is wrong', () => {
    const bad: readonly (readonly [store: unknown, path: string])[] = [
      [null, ''],
      [['gpc0'], ''],
      [{ gpc0: 1 }, '.gpc0'],
      [{ gpc0Rate: true }, '.gpc0Rate'],
      [{ gpc0Rate: 0 }, '.gpc0Rate'],
      [{ gpc0Rate: '500us' }, '.gpc0Rate'],
      [{ gpc0Rate: '25d' }, '.gpc0Rate'],
      [{ gpc: 0 }, '.gpc'],
      [{ gpc: 101 }, '.gpc'],
      [{ gpc: true }, '.gpc'],
      [{ gpt0: true, gpt: 1 }, '.gpt'],
      [{ gpc0: true, gpc: 2 }, '.gpc'],
      [{ gpc1: true, gpc: 2 }, '.gpc'],
      [{ gpc0Rate: '1s', gpcRate: { length: 1, period: '1s' } }, '.gpcRate'],
      [{ gpcRate: 2 }, '.gpcRate'],
      [{ gpcRate: { length: 2 } }, '.gpcRate.period'],
      [{ gpcRate: { length: 0, period: '1s' } }, '.gpcRate.length'],
      [{ gpcRate: { length: 2, period: '1s', extra: 1 } }, '.gpcRate.extra'],
      [{ httpReqRate: '1s' }, '.httpReqRate'],
    ]
    for (const [store, path] of bad) {
      assert.throws(
        () => new StickyTable({ type: 'ip', size: 1, store: store as StoreOptions }),
        (error) => error instanceof OptionError && error.path === `stickyTable.store${path}`,
        JSON.stringify(store),
      )
    }
  })
})
