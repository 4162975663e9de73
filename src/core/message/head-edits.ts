/**
 * What shall go out differently from what was received. An exchange has one set that its rules made, and every try to a
 * server has one of its own, so that a second try never sees what was meant for the first.
 */
export class HeadEdits {
  /** Names, in lower case, of which no received field and no earlier edit goes out. */
  readonly removed: string[] = []
  /** Fields to append, flat: name, value, name, value. */
  readonly added: string[] = []

  /** Appends a field. */
  add(name: string, value: string): void {
    this.added.push(name, value)
  }

  /** Takes out every field of that name. */
  remove(name: string): void {
    const lower = name.toLowerCase()
    if (!this.removed.includes(lower)) this.removed.push(lower)
    for (let i = this.added.length - 2; i >= 0; i -= 2) {
      if (this.added[i]!.toLowerCase() === lower) this.added.splice(i, 2)
    }
  }

  /** Puts one field in the place of all of that name. */
  set(name: string, value: string): void {
    this.remove(name)
    this.add(name, value)
  }

  /** Forgets everything, for the next try. */
  clear(): void {
    this.removed.length = 0
    this.added.length = 0
  }
}
