import type { Server } from '../../core/server.js'
import { IndexSet } from '../index-set.js'
import { HashRing, ownerLimit } from './hash-ring.js'
import type { LoadBound } from './load-bound.js'
import type { Placement } from './placement.js'
import { type HashKey, serverKey, serverPoint } from './server-key.js'

/** Points of a server for each unit of weight: HAProxy's scale. */
const pointsPerWeight = 16

/** How many points a look-up passes over, of servers that it must not give, before it gives the next one anyway. */
const lookUpPatience = 10_000

/** How many points a turn passes over, of full servers, before it takes any one that has room. */
const turnPatience = 64

/** A server on the ring. */
interface Member {
  readonly server: Server
  /** The owner of its points. */
  readonly number: number
  readonly key: number
  /** Its weight, scaled: how many points it has. */
  points: number
  /** The most points that it has had. */
  most: number
}

/**
 * The nearest of the points that servers have on a circle, more of them the more weight they have. A server that comes
 * takes hashes from all others, one that goes leaves its own to them, and no other hash moves. HAProxy:
 * `hash-type consistent`.
 */
export class RingPlacement implements Placement {
  readonly #ring = new HashRing()
  readonly #hashKey: HashKey
  readonly #bound: LoadBound | undefined
  readonly #members = new Map<Server, Member>()
  readonly #byNumber: (Member | undefined)[] = []
  /** The points of all that stood before a server when it was first seen: HAProxy counts them once. */
  readonly #below = new WeakMap<Server, number>()
  readonly #freeNumbers: number[] = []
  #candidates: readonly Server[] = []
  #isStale = false
  /** Numbers of members that may have room: one found full leaves until it gives a slot back. */
  #open = new IndexSet(0)
  /** The entry of the last turn; -1 before the first. */
  #turn = -1
  #lastEntry = 0
  #passedOver = 0

  constructor(hashKey: HashKey, bound: LoadBound | undefined) {
    this.#hashKey = hashKey
    this.#bound = bound
  }

  // -- Members --------------------------------------------------------------------------------------------------------

  update(candidates: readonly Server[]): void {
    this.#candidates = candidates
    this.#isStale = true
    if (this.#bound !== undefined) this.#updateBound(this.#bound)
  }

  /** Patches the ring: points of servers that did not change stay as they are. */
  #patch(): void {
    this.#isStale = false
    this.#removeAbsent()
    // A turn whose point is gone goes on after the next one that is left, as in HAProxy.
    if (this.#turn >= 0) this.#turn = this.#ring.size === 0 ? -1 : this.#ring.atOrAfter(this.#turn)
    this.#addMissing()
    this.#open = IndexSet.full(this.#byNumber.length)
    for (const number of this.#freeNumbers) this.#open.delete(number)
  }

  #updateBound(bound: LoadBound): void {
    let below = 0
    for (const server of this.#candidates) {
      if (!this.#below.has(server)) this.#below.set(server, below)
      below += pointsOf(server)
    }
    bound.update(below)
  }

  #removeAbsent(): void {
    const present = new Set(this.#candidates)
    for (const member of this.#members.values()) {
      const points = present.has(member.server) ? pointsOf(member.server) : 0
      // One that shall have more than ever leaves for a moment, as in HAProxy: the turn does not stay with it.
      const kept = points > member.most ? 0 : points
      while (member.points > kept) this.#ring.delete(entryOf(member, --member.points))
      member.most = Math.max(member.most, points)
      if (points > 0) continue
      this.#members.delete(member.server)
      this.#byNumber[member.number] = undefined
      this.#freeNumbers.push(member.number)
    }
  }

  #addMissing(): void {
    let missing = 0
    for (const server of this.#candidates) {
      const member = this.#members.get(server) ?? this.#join(server)
      missing += pointsOf(server) - member.points
    }
    if (missing === 0) return
    const entries = new Float64Array(missing)
    for (const server of this.#candidates) {
      const member = this.#members.get(server)!
      for (const points = pointsOf(server); member.points < points; ) {
        entries[--missing] = entryOf(member, member.points++)
      }
    }
    this.#ring.add(entries)
  }

  #join(server: Server): Member {
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length
    const member = {
      server,
      number,
      key: serverKey(server, this.#hashKey),
      points: 0,
      most: server.initialWeight * pointsPerWeight,
    }
    this.#members.set(server, member)
    this.#byNumber[number] = member
    return member
  }

  // -- Look-ups -------------------------------------------------------------------------------------------------------

  at(hash: number, avoid: Server | undefined): Server | undefined {
    if (this.#isStale) this.#patch()
    if (this.#members.size === 0) return undefined
    let entry = this.#nearest(hash)
    let member = this.#memberAt(entry)
    let passed = 0
    while (this.#members.size > 1 && !this.#mayTake(member, avoid)) {
      // Where nobody may, HAProxy gives the last one of the ring.
      entry = passed++ < lookUpPatience ? this.#ring.atOrAfter(entry + 1) : this.#ring.before(0)
      member = this.#memberAt(entry)
      if (passed > lookUpPatience) break
    }
    this.#lastEntry = entry
    this.#passedOver = passed
    return member.server
  }

  /** The entry whose point is nearest to a hash, either way round; of two the one below. */
  #nearest(hash: number): number {
    const above = this.#ring.atOrAfter(hash * ownerLimit)
    const below = this.#ring.before(above)
    return (hash - pointOf(below)) >>> 0 <= (pointOf(above) - hash) >>> 0 ? below : above
  }

  #memberAt(entry: number): Member {
    return this.#byNumber[ownerOf(entry)]!
  }

  #mayTake({ server, points }: Member, avoid: Server | undefined): boolean {
    if (server === avoid) return false
    return this.#bound === undefined || this.#bound.allows(server, points, this.#below.get(server)!)
  }

  next(avoid: Server | undefined): Server | undefined {
    if (this.#isStale) this.#patch()
    let avoided: Server | undefined
    for (let passed = 0; passed < turnPatience && this.#open.size > 0; passed++) {
      this.#turn = this.#ring.atOrAfter(this.#turn + 1)
      const { server, number } = this.#memberAt(this.#turn)
      if (!server.hasRoom) this.#open.delete(number)
      else if (server !== avoid) return server
      else avoided = server
    }
    return this.#anyOpen(avoid) ?? avoided
  }

  #anyOpen(avoid: Server | undefined): Server | undefined {
    const last = this.#turn < 0 ? 0 : ownerOf(this.#turn)
    return this.#openBetween(last, this.#byNumber.length, avoid) ?? this.#openBetween(0, last, avoid)
  }

  /** The first member with room between two numbers, whatever its points. */
  #openBetween(from: number, end: number, avoid: Server | undefined): Server | undefined {
    for (let number = this.#open.next(from); number >= 0 && number < end; number = this.#open.next(number + 1)) {
      const { server } = this.#byNumber[number]!
      if (!server.hasRoom) this.#open.delete(number)
      else if (server !== avoid) return server
    }
    return undefined
  }

  onTake(): void {
    this.#bound?.onTake()
  }

  onRelease(server: Server): void {
    this.#bound?.onRelease()
    this.onRoom(server)
  }

  onRoom(server: Server): void {
    const member = this.#members.get(server)
    if (member !== undefined && !this.#isStale && server.hasRoom) this.#open.add(member.number)
  }

  describe(): string {
    const point = `point ${pointOf(this.#lastEntry)} on a ring of ${this.#ring.size}`
    return this.#passedOver === 0 ? point : `${point}, ${this.#passedOver} after the nearest`
  }
}

function pointsOf({ effectiveWeight }: Server): number {
  return Math.ceil(effectiveWeight * pointsPerWeight)
}

function entryOf({ key, number }: Member, point: number): number {
  return serverPoint(key, point) * ownerLimit + number
}

function pointOf(entry: number): number {
  return Math.floor(entry / ownerLimit)
}

function ownerOf(entry: number): number {
  // The remainder operator takes ten times as long for numbers of this size.
  return entry - pointOf(entry) * ownerLimit
}
