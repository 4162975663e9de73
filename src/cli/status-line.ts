/** What a status line needs of a terminal or another output. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Erases the line that the cursor is in. */
const erase = '\r\x1b[K'

/**
 * Lines that stay, and on a terminal one more below them that is rewritten in place. Where the output is no terminal the
 * rewritten line is left out, so that a file has only what happened.
 */
export class StatusLine {
  readonly #output: Output
  #shown = ''

  constructor(output: Output) {
    this.#output = output
  }

  /** Rewrites the status. */
  show(status: string): void {
    if (!this.#output.isTTY) return
    // One column less: a full line would make some terminals go on to the next. Some say that they have none at all.
    const text = status.slice(0, (this.#output.columns || 80) - 1)
    if (text === this.#shown) return
    this.#shown = text
    this.#output.write(`${erase}${text}`)
  }

  /** Writes a line that stays. */
  print(line: string): void {
    if (this.#shown === '') this.#output.write(`${line}\n`)
    else this.#output.write(`${erase}${line}\n${this.#shown}`)
  }

  /** Takes the status away. */
  clear(): void {
    if (this.#shown !== '') this.#output.write(erase)
    this.#shown = ''
  }
}
