/** A timer as the heap sees it. `place` and `order` are the heap's own. */
export interface HeapTimer {
  /** When it fires, by the clock. */
  due: number
  /** Among timers due at the same moment, the one set first fires first. */
  order: number
  /** Its index in the heap; -1: not there. */
  place: number
}

/** Pending timers, the next one at hand; setting and cancelling cost O(log n), so that a day of them stays cheap. */
export class TimerHeap<Node extends HeapTimer> {
  readonly #nodes: Node[] = []
  #orders = 0

  get size(): number {
    return this.#nodes.length
  }

  /** The one that is due first. */
  get first(): Node | undefined {
    return this.#nodes[0]
  }

  add(node: Node): void {
    node.order = ++this.#orders
    this.#nodes.push(node)
    this.#rise(node, this.#nodes.length - 1)
  }

  /** Takes a node out; nothing happens when it is not there. */
  remove(node: Node): void {
    const place = node.place
    if (place < 0) return
    node.place = -1
    const last = this.#nodes.pop()!
    if (last === node) return
    // The last node fills the gap; it may belong above or below it.
    this.#rise(last, place)
    this.#sink(last, last.place)
  }

  #rise(node: Node, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#nodes[above]!
      if (!isBefore(node, parent)) break
      this.#put(parent, place)
      place = above
    }
    this.#put(node, place)
  }

  #sink(node: Node, from: number): void {
    let place = from
    for (;;) {
      const left = this.#nodes[2 * place + 1]
      const right = this.#nodes[2 * place + 2]
      const child = right !== undefined && isBefore(right, left!) ? right : left
      if (child === undefined || !isBefore(child, node)) break
      const below = child.place
      this.#put(child, place)
      place = below
    }
    this.#put(node, place)
  }

  #put(node: Node, place: number): void {
    this.#nodes[place] = node
    node.place = place
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
