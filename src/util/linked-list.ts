/** A member of a {@link LinkedList}. The links are the list's own. */
export interface LinkedNode {
  nextInList: this | undefined
  previousInList: this | undefined
  /** Where it stands; undefined: nowhere. */
  list: object | undefined
}

/** Members in the order in which they came; one leaves from anywhere in constant time. A node stands in one list at a time. */
export class LinkedList<Node extends LinkedNode> {
  #first: Node | undefined
  #last: Node | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): Node | undefined {
    return this.#first
  }

  get last(): Node | undefined {
    return this.#last
  }

  push(node: Node): void {
    node.list = this
    node.nextInList = undefined
    node.previousInList = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.nextInList = node
    this.#last = node
    this.#length++
  }

  /** Takes the node out; false when it does not stand here. */
  remove(node: Node): boolean {
    if (node.list !== this) return false
    const { previousInList: previous, nextInList: next } = node
    if (previous === undefined) this.#first = next
    else previous.nextInList = next
    if (next === undefined) this.#last = previous
    else next.previousInList = previous
    node.list = node.nextInList = node.previousInList = undefined
    this.#length--
    return true
  }
}
