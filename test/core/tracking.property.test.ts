import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Exchange } from '../../src/core/exchange.js'
import type { Session } from '../../src/core/session.js'
import { StickyTable, source } from '../../src/index.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { FakeProxy } from '../support/fake-proxy.js'
import type { FakeTry } from '../support/fake-sides.js'

const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5']

/** What may happen next; `which` chooses the client, connection, exchange or try that it happens to. */
const happening = fc.record({
  what: fc.constantFrom(
    ...(['connect', 'connect', 'ask', 'ask', 'ask', 'send', 'leave', 'hang up', 'wait'] as const),
    ...(['accept', 'accept', 'refuse', 'die', 'nonsense', 'unavailable', 'answer', 'begin', 'go on', 'end'] as const),
  ),
  which: fc.nat(1000),
})

/** How often each key is in use, as a table of that size lets it be: a key that finds only others in use is not tracked. */
class Uses {
  readonly #uses = new Map<string, number>()

  constructor(readonly size: number) {}

  begin(key: string): boolean {
    if (!this.#uses.has(key) && this.#uses.size === this.size) return false
    this.#uses.set(key, this.of(key) + 1)
    return true
  }

  end(key: string): void {
    if (this.of(key) === 1) this.#uses.delete(key)
    else this.#uses.set(key, this.of(key) - 1)
  }

  of(key: string): number {
    return this.#uses.get(key) ?? 0
  }
}

/** A client connection that is open, and whether its table took it; or a request that is not over. */
interface Held<T> {
  readonly it: T
  readonly address: string
  readonly isTracked: boolean
}

/** Clients and servers that do whatever comes, and what the tables must have of it. */
class Crowd {
  readonly #clock = new VirtualClock({ start: 1000 })
  readonly #connections: StickyTable
  readonly #requests: StickyTable
  readonly #connectionUses: Uses
  readonly #requestUses: Uses
  readonly #proxy: FakeProxy
  readonly #sessions: Held<Session>[] = []
  readonly #exchanges: (Held<Exchange> & { readonly session: Session })[] = []
  /** Who may still speak: a try that failed or ended may not. */
  readonly #silent = new Set<FakeTry>()
  readonly #connected = new Set<FakeTry>()
  readonly #answering = new Set<FakeTry>()

  constructor(size: number) {
    this.#connectionUses = new Uses(size)
    this.#requestUses = new Uses(size)
    const options = { type: 'ip', size, expire: '5s', clock: this.#clock, store: { connectionsCurrent: true } } as const
    this.#connections = new StickyTable(options)
    this.#requests = new StickyTable(options)
    this.#proxy = new FakeProxy({
      clock: this.#clock,
      frontend: {
        track: [
          { on: source, table: this.#connections, at: 'connection' },
          { on: source, table: this.#requests },
        ],
      },
      backend: {
        servers: { a: { address: '127.0.0.1:1', maxConnections: 2 }, b: { address: '127.0.0.1:2', maxConnections: 1 } },
        retries: 2,
        retryOn: ['conn-failure', 'empty-response', 503],
        timeout: { queue: '10s', server: '20s' },
      },
    })
    this.#proxy.frontend.observer = { exchangeEnded: (exchange) => this.#ended(exchange) }
  }

  /** How many requests are not over. */
  get open(): number {
    return this.#exchanges.length
  }

  happen(what: string, which: number): void {
    if (what === 'connect') this.#open(addresses[which % addresses.length]!)
    else if (what === 'ask') this.#ask(pick(this.#sessions, which), which)
    else if (what === 'send') this.#send(pick(this.#exchanges, which)?.it)
    else if (what === 'leave') pick(this.#exchanges, which)?.it.clientAborted()
    else if (what === 'hang up') this.#close(pick(this.#sessions, which), which % 2 === 0)
    else if (what === 'wait') this.#clock.advance((which % 50) * 100)
    else this.#serve(what, which)
  }

  /** Everything that is open closes. */
  end(): void {
    while (this.#sessions.length > 0) this.#close(this.#sessions[0], true)
    assert.equal(this.#exchanges.length, 0)
    this.check()
    this.#clock.advance(5000)
    assert.deepEqual([this.#connections.size, this.#requests.size], [0, 0])
  }

  #open(address: string): void {
    const it = this.#proxy.frontend.openSession({ address, port: 4000 }, 80, false)
    this.#sessions.push({ it, address, isTracked: this.#connectionUses.begin(address) })
  }

  #close(held: Held<Session> | undefined, isLast: boolean): void {
    if (held === undefined) return
    this.#sessions.splice(this.#sessions.indexOf(held), 1)
    const abort = (): void => {
      for (const { it, session } of [...this.#exchanges]) if (session === held.it) it.clientAborted()
    }
    if (isLast) abort()
    held.it.close()
    if (!isLast) abort()
    if (held.isTracked) this.#connectionUses.end(held.address)
  }

  #ask(held: Held<Session> | undefined, which: number): void {
    if (held === undefined) return
    const hasBody = which % 3 === 0
    const fields = ['Host', 'a.test', ...(hasBody ? ['Content-Length', '5'] : [])]
    const { exchange } = this.#proxy.exchange({ session: held.it, method: hasBody ? 'POST' : 'GET', fields })
    const { address } = held
    this.#exchanges.push({ it: exchange, address, session: held.it, isTracked: this.#requestUses.begin(address) })
    exchange.start()
  }

  #ended(exchange: unknown): void {
    const index = this.#exchanges.findIndex(({ it }) => it === exchange)
    const [ended] = this.#exchanges.splice(index, 1)
    assert.ok(index >= 0, 'an exchange ended twice')
    if (ended!.isTracked) this.#requestUses.end(ended!.address)
  }

  #send(exchange: Exchange | undefined): void {
    exchange?.clientData('hello')
    exchange?.clientEnd(undefined)
  }

  #serve(what: string, which: number): void {
    const attempt = pick(
      this.#proxy.tries.filter((one) => !one.isAborted && !this.#silent.has(one)),
      which,
    )
    if (attempt === undefined) return
    if (!this.#connected.has(attempt)) {
      this.#connected.add(attempt)
      if (what !== 'refuse') return void attempt.connect()
      this.#silent.add(attempt)
      return attempt.fail('connect-refused')
    }
    if (this.#answering.has(attempt)) return this.#continue(attempt, what)
    if (what === 'begin') {
      this.#answering.add(attempt)
      return void attempt.respond(200)
    }
    this.#silent.add(attempt)
    if (what === 'die') attempt.die()
    else if (what === 'nonsense') attempt.fail('bad-response', { sent: true })
    else attempt.respond(what === 'unavailable' ? 503 : 200, 'hello')
  }

  #continue(attempt: FakeTry, what: string): void {
    if (what === 'go on') return void attempt.data('more')
    this.#silent.add(attempt)
    if (what === 'die') attempt.die()
    else attempt.finish()
  }

  check(): void {
    for (const address of addresses) {
      const expected = [this.#connectionUses.of(address), this.#requestUses.of(address)]
      const tables = [this.#connections, this.#requests]
      assert.deepEqual(
        tables.map((table) => table.read(address, 'connectionsCurrent')),
        expected,
      )
      for (const [index, table] of tables.entries()) assert.equal(table.get(address)?.uses ?? 0, expected[index])
    }
  }
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % list.length]
}

test('tables say at each moment what is open, however connections and requests go, and never drop what is', () => {
  let most = 0
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 150, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      (happenings, size) => {
        const crowd = new Crowd(size)
        for (const { what, which } of happenings) {
          crowd.happen(what, which)
          crowd.check()
          most = Math.max(most, crowd.open)
        }
        crowd.end()
      },
    ),
    { seed: 17, numRuns: 400 },
  )
  assert.ok(most > 10, `${most} requests at a time`)
})
