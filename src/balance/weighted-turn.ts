import type { Server } from '../core/server.js'
import { Seat, weightScale } from './seat.js'
import { StableHeap } from './stable-heap.js'

/**
 * How many full servers a pick passes over as HAProxy does, giving each its next place at once. Beyond it they are set
 * aside until they have room, so that a pick's work does not grow with the number of full servers.
 */
const patience = 8

/**
 * HAProxy's weighted turn. Time is a position that grows by one with every turn; a server of weight w has a turn every
 * total / w positions. A cycle is as many positions as the total weight was at its start.
 *
 * ```
 *   fresh    no turn yet in this cycle, the heaviest first: they fill the holes that the current ones leave
 *   current  the next turn lies in this cycle, in order of position
 *   next     the next turn lies in the next cycle, whose fresh ones they will be
 * ```
 */
export class WeightedTurn {
  #fresh = new StableHeap<Seat>()
  readonly #current = new StableHeap<Seat>()
  #next = new StableHeap<Seat>()
  /** Every server that ever had a seat, so that one that returns goes on with what was left over. */
  readonly #seats = new WeakMap<Server, Seat>()
  readonly #members = new Set<Seat>()
  readonly #passedOver: Seat[] = []
  #hasStarted = false
  #cycle = 0
  #position = 0
  #weightAtStart = 0
  #weight = 0
  #setAside = 0

  /** The sum of the weights. */
  get weight(): number {
    return this.#weight / weightScale
  }

  /** Takes in who takes part now, and with which weight; the turn goes on from where it stands. */
  update(servers: readonly Server[]): void {
    const present = new Set(servers)
    for (const seat of this.#members) if (!present.has(seat.server)) this.#leave(seat)
    const isStart = !this.#hasStarted && servers.length > 0
    for (const server of servers) {
      const seat = this.#seatOf(server)
      if (seat.weight > 0) this.#reweigh(seat)
      else this.#join(seat, isStart)
      if (seat.isSetAside && server.hasRoom) this.#readmit(seat)
    }
    if (!isStart) return
    this.#hasStarted = true
    this.#position = this.#weightAtStart = this.#weight
  }

  #seatOf(server: Server): Seat {
    let seat = this.#seats.get(server)
    if (seat === undefined) {
      seat = new Seat(server)
      this.#seats.set(server, seat)
    }
    return seat
  }

  #join(seat: Seat, isStart: boolean): void {
    seat.weight = seat.server.effectiveWeight * weightScale
    this.#weight += seat.weight
    this.#members.add(seat)
    if (isStart) {
      this.#enqueueFresh(seat)
      return
    }
    // It may take about a cycle until its first turn, so that a server that comes and goes gets no more than its share.
    // Unsigned as in HAProxy: where less than nothing is left of this cycle, the turn lies in the next.
    const left = (this.#weight + this.#weightAtStart - this.#position) >>> 0
    seat.position = this.#position + Math.floor(left / seat.weight)
    this.#enqueue(seat)
  }

  #leave(seat: Seat): void {
    this.#members.delete(seat)
    this.#weight -= seat.weight
    seat.weight = 0
    this.#dequeue(seat)
    if (seat.isSetAside) this.#setAside--
    seat.isSetAside = false
  }

  #reweigh(seat: Seat): void {
    const weight = seat.server.effectiveWeight * weightScale
    if (weight === seat.weight) return
    this.#weight += weight - seat.weight
    seat.weight = weight
    if (seat.heap === undefined) return
    const heap = seat.heap
    this.#dequeue(seat)
    if (heap === this.#fresh) {
      this.#enqueueFresh(seat)
      return
    }
    if (heap === this.#next) seat.position += this.#weightAtStart
    seat.reschedule(this.#position, this.#weight)
    this.#enqueue(seat)
  }

  /** Gives the turn to a server; to `avoid` only if no other has room. */
  pick(avoid: Server | undefined): Server | undefined {
    if (this.#weightAtStart === 0) this.#position = this.#weightAtStart = this.#weight
    const seat = this.#due()
    if (seat === undefined || seat.server === avoid || !seat.server.hasRoom) return this.#search(avoid)
    seat.advance(this.#position++, this.#weight)
    this.#enqueue(seat)
    return seat.server
  }

  /** The way past full servers, the one to avoid, and the end of a cycle. */
  #search(avoid: Server | undefined): Server | undefined {
    let chosen: Seat | undefined
    let avoided: Seat | undefined
    let isNewCycle = false
    while (chosen === undefined) {
      const seat = this.#due()
      if (seat === undefined) {
        if (isNewCycle || (this.#next.size === 0 && this.#passedOver.length === 0)) break
        isNewCycle = true
        this.#beginCycle()
        continue
      }
      seat.advance(this.#position++, this.#weight)
      this.#dequeue(seat)
      if (!seat.server.hasRoom) this.#passOver(seat)
      else if (seat.server !== avoid) chosen = seat
      else {
        avoided = seat
        this.#passedOver.push(seat)
      }
    }
    chosen ??= avoided
    if (chosen !== undefined) this.#enqueue(chosen)
    this.#takeBack(chosen, isNewCycle)
    return chosen?.server
  }

  #passOver(seat: Seat): void {
    if (this.#passedOver.length < patience) {
      this.#passedOver.push(seat)
      return
    }
    seat.isSetAside = true
    seat.cycle = this.#cycle
    this.#setAside++
  }

  /** Those passed over go back as if they had had their turn; a new cycle forgets their places. */
  #takeBack(chosen: Seat | undefined, isNewCycle: boolean): void {
    const seats = this.#passedOver
    for (let seat = seats.pop(); seat !== undefined; seat = seats.pop()) {
      if (seat === chosen) continue
      if (isNewCycle) this.#enqueueFresh(seat)
      else this.#enqueue(seat)
    }
  }

  /** Takes a server back in that was set aside, if it has room again. */
  readmit(server: Server): void {
    if (this.#setAside === 0 || !server.hasRoom) return
    const seat = this.#seats.get(server)
    if (seat?.isSetAside === true) this.#readmit(seat)
  }

  #readmit(seat: Seat): void {
    seat.isSetAside = false
    this.#setAside--
    const first = this.#current.first
    if (first === undefined) {
      this.#enqueueFresh(seat)
      return
    }
    // It takes its place among those who are next: the turns that it missed are gone.
    const front = Math.max(first.position, this.#position)
    seat.position = seat.cycle === this.#cycle ? Math.max(seat.position, front) : front
    this.#enqueue(seat)
  }

  #due(): Seat | undefined {
    const current = this.#current.first
    if (current !== undefined && current.position <= this.#position) return current
    const fresh = this.#fresh.first
    if (fresh === undefined) return current
    fresh.forget()
    return fresh
  }

  #beginCycle(): void {
    const empty = this.#fresh
    this.#fresh = this.#next
    this.#next = empty
    this.#position = this.#weightAtStart = this.#weight
    this.#cycle++
  }

  #enqueue(seat: Seat): void {
    const start = this.#weightAtStart
    if (seat.position >= 2 * start || seat.position >= start + this.#weight) {
      seat.position -= start
      this.#enterIn(this.#next, seat, -seat.weight)
      return
    }
    this.#enterIn(this.#current, seat, seat.key)
  }

  #enqueueFresh(seat: Seat): void {
    this.#enterIn(this.#fresh, seat, -seat.weight)
  }

  #enterIn(heap: StableHeap<Seat>, seat: Seat, key: number): void {
    if (seat.heap === heap) {
      heap.requeue(seat, key)
      return
    }
    this.#dequeue(seat)
    seat.heap = heap
    heap.push(seat, key)
  }

  #dequeue(seat: Seat): void {
    seat.heap?.remove(seat)
    seat.heap = undefined
  }
}
