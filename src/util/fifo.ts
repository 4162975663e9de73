/** A member of a {@link Fifo}. The links are the queue's own. */
export interface FifoNode {
  nextInQueue: this | undefined
  previousInQueue: this | undefined
  queue: object | undefined
}

/** First in, first out; a member leaves from the middle in constant time. A node stands in one queue at a time. */
export class Fifo<Node extends FifoNode> {
  #first: Node | undefined
  #last: Node | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): Node | undefined {
    return this.#first
  }

  push(node: Node): void {
    node.queue = this
    node.nextInQueue = undefined
    node.previousInQueue = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.nextInQueue = node
    this.#last = node
    this.#length++
  }

  /** Takes the node out; false when it does not stand here. */
  remove(node: Node): boolean {
    if (node.queue !== this) return false
    const { previousInQueue: previous, nextInQueue: next } = node
    if (previous === undefined) this.#first = next
    else previous.nextInQueue = next
    if (next === undefined) this.#last = previous
    else next.previousInQueue = previous
    node.queue = node.nextInQueue = node.previousInQueue = undefined
    this.#length--
    return true
  }
}
