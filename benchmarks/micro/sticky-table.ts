// Measures stick tables of a million entries with one counter each: `npm run bench:tables`, or `-- ip string` for some
// types of keys. Each type has a process of its own, with the garbage collector at hand.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StickyKey } from '../../src/sticky-table/sticky-key.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyKeyType } from '../../src/sticky-table/table-key.js'

const entries = 1_000_000
/** Calls that are timed together. */
const batch = 20_000
/** Requests that one turn of the event loop serves, where its pauses are measured. */
const turn = 100
const runs = 3
const halfHour = 1_800_000

/** The address of a client, from its number. Texts are made anew, as those are that come from a socket. */
function ipv4(index: number): string {
  return `10.${(index >>> 16) & 0xff}.${(index >>> 8) & 0xff}.${index & 0xff}`
}

/** Twenty-four digits, as a cookie may have them. */
function token(index: number): string {
  return Math.imul(index, 0x9e3779b1).toString(16).padStart(24, '0')
}

const kinds = {
  ip: ipv4,
  ipv6: (index) => `2001:db8::${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}`,
  integer: (index) => index,
  string: token,
  composite: (index) => ({ source: ipv4(index), agent: 'curl' }),
} satisfies Partial<Record<StickyKeyType, (index: number) => StickyKey>>
type Kind = keyof typeof kinds

const columns = ['key', 'get', 'update', 'of a thousand', 'track, release', 'insert', 'insert, full', 'heap', 'process']
const pauses = ['nothing expires', 'all expire', 'all but few']

/** A clock that a test of a million expiries can set. */
class SetClock {
  time = 1000
  now = (): number => this.time
  wallTime = (): number => this.time
  setTimer = (): never => {
    throw new Error('a stick table takes no timers')
  }
}

const collect = globalThis.gc as () => void

function usedMemory(): readonly [heap: number, resident: number] {
  collect()
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  return [heapUsed + external, rss]
}

/** The numbers from 0 on below `entries` in an order that no cache foresees. */
function* shuffled(): Generator<number, void> {
  const most = 2 ** Math.ceil(Math.log2(entries))
  for (let step = 0, at = 0; step < most; step++) {
    at = (Math.imul(at, 1_664_525) + 1_013_904_223) & (most - 1)
    if (at < entries) yield at
  }
}

const inOrder = Uint32Array.from({ length: entries }, (_, index) => index)
const inDisorder = Uint32Array.from(shuffled())

/** Nanoseconds for one call: the median of the batches. */
function measure(call: (index: number) => void, order = inDisorder, from = 0): number {
  const figures: number[] = []
  for (let done = 0; done < entries; done += batch) {
    const start = performance.now()
    for (let i = done; i < done + batch; i++) call(from + order[i]!)
    figures.push(((performance.now() - start) / batch) * 1e6)
  }
  return figures.toSorted((one, other) => one - other)[figures.length >> 1]!
}

function makeTable(type: Kind, clock?: SetClock): StickyTable {
  return new StickyTable({
    type,
    size: entries,
    expire: halfHour,
    store: { gpc0: true },
    ...(clock === undefined ? {} : { clock }),
  })
}

function costs(type: Kind): number[] {
  const key: (index: number) => StickyKey = kinds[type]
  const table = makeTable(type)
  const keyAlone = measure((index) => void key(index))
  const before = usedMemory()
  const insert = measure((index) => void table.count(key(index), 'gpc0'), inOrder)
  if (table.size !== entries) throw new Error(`${type}: ${table.size} entries`)
  const after = usedMemory()
  const get = measure((index) => void table.read(key(index), 'gpc0'))
  const update = measure((index) => void table.count(key(index), 'gpc0'))
  const few = makeTable(type)
  const updateOfFew = measure((index) => void few.count(key(index % 1000), 'gpc0'))
  const track = measure((index) => table.track(key(index))!.release())
  const evict = measure((index) => void table.count(key(index), 'gpc0'), inOrder, entries)
  const [heap, resident] = after.map((bytes, index) => (bytes - before[index]!) / entries)
  return [keyAlone, get, update, updateOfFew, track, insert, evict, heap!, resident!]
}

/** Fills a table, has `prepare` let entries expire, lets new keys come, and gives how long each turn took, in ms. */
async function turnsOf(type: Kind, prepare: (table: StickyTable, clock: SetClock) => void): Promise<number[]> {
  const key: (index: number) => StickyKey = kinds[type]
  const clock = new SetClock()
  const table = makeTable(type, clock)
  for (let index = 0; index < entries; index++) table.count(key(index), 'gpc0')
  collect()
  prepare(table, clock)
  const turns: number[] = []
  for (let done = entries; done < 1.2 * entries; done += turn) {
    const start = performance.now()
    for (let index = done; index < done + turn; index++) table.count(key(index), 'gpc0')
    if (table.size === 0) throw new Error('nothing was stored')
    turns.push(performance.now() - start)
    await new Promise(setImmediate)
  }
  return turns
}

/** The longest turn. Of each turn the shortest of several runs counts: what else the machine did is no part of it. */
async function longestTurn(...[type, prepare]: Parameters<typeof turnsOf>): Promise<number> {
  let shortest = await turnsOf(type, prepare)
  for (let run = 1; run < runs; run++) {
    const turns = await turnsOf(type, prepare)
    shortest = shortest.map((time, index) => Math.min(time, turns[index]!))
  }
  return Math.max(...shortest)
}

async function pausesOf(type: Kind): Promise<number[]> {
  const none = await longestTurn(type, () => {})
  const all = await longestTurn(type, (_, clock) => {
    clock.time += halfHour
  })
  const most = await longestTurn(type, (table, clock) => {
    clock.time += 1000
    for (let index = 0; index < entries; index += 1000) table.count(kinds[type](index), 'gpc0')
    clock.time += halfHour - 1000
  })
  return [none, all, most]
}

function line(title: string, cells: readonly string[]): string {
  return title.padEnd(10) + cells.map((cell) => cell.padStart(15)).join('')
}

function printEach(title: string, names: readonly string[], types: readonly string[], what: string): void {
  console.log(`${title}\n${line('', names)}`)
  for (const type of types) {
    const file = fileURLToPath(import.meta.url)
    const { status } = spawnSync(process.execPath, ['--expose-gc', file, type, what], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

function print(type: string, figures: readonly number[], digits: number): void {
  const cells = figures.map((figure) => figure.toFixed(digits))
  console.log(line(type, cells))
}

const asked = process.argv.slice(2)
const [type = '', what] = asked
if (what === 'costs') print(type, costs(type as Kind), 0)
else if (what === 'pauses') print(type, await pausesOf(type as Kind), 1)
else {
  const types = asked.length > 0 ? asked : Object.keys(kinds)
  const title = `${entries} entries with one counter: ns a call with its key, bytes an entry`
  printEach(title, columns, types, 'costs')
  printEach(`the longest turn of the event loop in ms, each with ${turn} new keys`, pauses, types, 'pauses')
}
