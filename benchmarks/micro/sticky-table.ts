// Measures a stick table with a million entries, for each type of key: `node build/benchmarks/micro/sticky-table.js`.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { StickyKey } from '../../src/sticky-table/sticky-key.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyKeyType } from '../../src/sticky-table/table-key.js'

const entries = 1_000_000
/** Calls that are timed together. */
const batch = 10_000
/** Milliseconds of processor time that each figure is measured for, at most. */
const time = 150

/** The address of a client, from its number. Texts are made anew, as those are that come from a socket. */
function ipv4(index: number): string {
  return `10.${(index >>> 16) & 0xff}.${(index >>> 8) & 0xff}.${index & 0xff}`
}

/** Twenty-four digits, as a cookie may have them. */
function token(index: number): string {
  return Math.imul(index, 0x9e3779b1).toString(16).padStart(24, '0')
}

const kinds: readonly (readonly [type: StickyKeyType, key: (index: number) => StickyKey])[] = [
  ['ip', ipv4],
  ['ipv6', (index) => `2001:db8::${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}`],
  ['string', token],
  ['composite', (index) => ({ source: ipv4(index), agent: 'curl' })],
]

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function usedMemory(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Milliseconds of processor time that this process has used: other programs that run count little. */
function usedTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Nanoseconds for one call: the median of the batches. The numbers of clients come in an order that no cache foresees. */
function measure(call: (index: number) => void, offset = 0): number {
  const figures: number[] = []
  const start = usedTime()
  for (let now = start, done = 0; now < start + time && done < entries; done += batch) {
    for (let i = done; i < done + batch; i++) call(offset + ((Math.imul(i, 7_919) >>> 0) % entries))
    const end = usedTime()
    figures.push(((end - now) / batch) * 1e6)
    now = end
  }
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN
}

function figuresOf(type: StickyKeyType, key: (index: number) => StickyKey): number[] {
  const before = usedMemory()
  const table = new StickyTable({ type, size: entries, expire: '30m' })
  const start = usedTime()
  for (let index = 0; index < entries; index++) table.store(key(index), 'app1')
  const fill = ((usedTime() - start) / entries) * 1e6
  const bytes = (usedMemory() - before) / entries
  if (table.size !== entries) throw new Error(`${type}: ${table.size} entries`)
  const makeKey = measure((index) => void key(index))
  const peek = measure((index) => void table.peek(key(index)))
  const match = measure((index) => void table.match(key(index)))
  const update = measure((index) => void table.store(key(index), 'app2'))
  const miss = measure((index) => void table.match(key(index)), entries)
  const evict = measure((index) => void table.store(key(index), 'app3'), entries)
  return [bytes, makeKey, peek, match, miss, update, fill, evict]
}

const columns = ['bytes', 'key alone', 'peek', 'match', 'miss', 'update', 'insert', 'insert, full']
console.log(`${entries} entries: bytes for each, ns of processor time for each call, the making of its key included`)
console.log(`${''.padEnd(10)}${columns.map((column) => column.padStart(14)).join('')}`)
for (const [type, key] of kinds) {
  const figures = figuresOf(type, key).map((figure) => figure.toFixed(0).padStart(14))
  console.log(`${type.padEnd(10)}${figures.join('')}`)
}
