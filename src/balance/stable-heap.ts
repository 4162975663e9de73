/** A member of a {@link StableHeap}. */
export interface HeapNode {
  /** Its place in the heap that holds it; -1 while none does. The heap's own. */
  place: number
}

/**
 * Keeps its members in order of a numeric key, those of equal keys in the order in which they came: HAProxy's trees
 * keep that order too, and it decides who is next. The first one costs O(1), every change O(log n). A node stands in
 * one heap at a time.
 */
export class StableHeap<Node extends HeapNode> {
  // Keys stand apart from the nodes so that sifting compares numbers that lie side by side.
  readonly #keys: number[] = []
  readonly #arrivals: number[] = []
  readonly #nodes: Node[] = []
  #arrived = 0

  get size(): number {
    return this.#nodes.length
  }

  /** The member with the lowest key, of several the one that came first. */
  get first(): Node | undefined {
    return this.#nodes[0]
  }

  /** Who would be first if the first one left. */
  get second(): Node | undefined {
    return this.#nodes[this.#lesserChild(0)]
  }

  /** Takes in a node that no heap holds. */
  push(node: Node, key: number): void {
    this.#siftUp(this.#nodes.length, node, key, this.#arrived++)
  }

  /** Gives a member a key as though it left and came again: it stands behind the others of that key. */
  requeue(node: Node, key: number): void {
    this.#settle(node.place, node, key, this.#arrived++)
  }

  /** Takes a member out. */
  remove(node: Node): void {
    const place = node.place
    const last = this.#nodes.pop()!
    const key = this.#keys.pop()!
    const arrival = this.#arrivals.pop()!
    if (last !== node) this.#settle(place, last, key, arrival)
    node.place = -1
  }

  #settle(place: number, node: Node, key: number, arrival: number): void {
    const parent = (place - 1) >> 1
    if (place > 0 && this.#precedes(key, arrival, parent)) this.#siftUp(place, node, key, arrival)
    else this.#siftDown(place, node, key, arrival)
  }

  #siftUp(from: number, node: Node, key: number, arrival: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!this.#precedes(key, arrival, parent)) break
      this.#move(parent, place)
      place = parent
    }
    this.#put(place, node, key, arrival)
  }

  #siftDown(from: number, node: Node, key: number, arrival: number): void {
    let place = from
    for (;;) {
      const child = this.#lesserChild(place)
      if (child >= this.#nodes.length || this.#precedes(key, arrival, child)) break
      this.#move(child, place)
      place = child
    }
    this.#put(place, node, key, arrival)
  }

  #lesserChild(place: number): number {
    const left = 2 * place + 1
    const right = left + 1
    if (right >= this.#nodes.length) return left
    return this.#precedes(this.#keys[right]!, this.#arrivals[right]!, left) ? right : left
  }

  #precedes(key: number, arrival: number, place: number): boolean {
    const other = this.#keys[place]!
    return key < other || (key === other && arrival < this.#arrivals[place]!)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#nodes[from]!, this.#keys[from]!, this.#arrivals[from]!)
  }

  #put(place: number, node: Node, key: number, arrival: number): void {
    this.#keys[place] = key
    this.#arrivals[place] = arrival
    this.#nodes[place] = node
    node.place = place
  }
}
