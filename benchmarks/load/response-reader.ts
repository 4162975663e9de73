type Phase = 'head' | 'counted' | 'chunk-size' | 'chunk' | 'trailer' | 'until-close' | 'complete'

const headLimit = 65_536

/** Follows the answers on one connection just closely enough to know where each ends and what its status is. */
export class ResponseReader {
  /** The status of the answer being read, once its head is in. */
  status = 0
  /** The server closes the connection after this answer. */
  closes = false
  #phase: Phase = 'head'
  #text = ''
  #left = 0

  /** Takes received bytes; true when the answer is complete. Throws on what is not an answer. */
  push(chunk: Buffer): boolean {
    let at = 0
    if (this.#phase === 'complete') throw new Error('bytes after the end of the answer')
    while (at < chunk.length && !this.#isComplete) at = this.#step(chunk, at)
    if (at < chunk.length) throw new Error('bytes after the end of the answer')
    return this.#isComplete
  }

  /** The connection ended; true when that completes the answer. */
  end(): boolean {
    return this.#phase === 'until-close'
  }

  /** Makes ready for the next answer on the connection. */
  next(): void {
    this.#phase = 'head'
    this.status = 0
    this.closes = false
  }

  get #isComplete(): boolean {
    return this.#phase === 'complete'
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(chunk, at)
      case 'chunk-size':
      case 'trailer':
        return this.#readLine(chunk, at)
      case 'until-close':
        return chunk.length
      default:
        return this.#skip(chunk, at)
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const before = this.#text.length
    this.#text += chunk.toString('latin1', at)
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) {
      if (this.#text.length > headLimit) throw new Error('the answer has no end of head')
      return chunk.length
    }
    this.#enterBody(this.#text.slice(0, end + 2))
    this.#text = ''
    return at + end + 4 - before
  }

  #enterBody(head: string): void {
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)
    if (status === null) throw new Error('not an HTTP/1 answer')
    this.status = Number(status[1])
    if (this.status < 200) return
    this.closes = /\r\nconnection: *close\r\n/i.test(head)
    if (this.status === 204 || this.status === 304) this.#phase = 'complete'
    else if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) this.#phase = 'chunk-size'
    else this.#enterUnchunked(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1])
  }

  #enterUnchunked(length: string | undefined): void {
    this.#left = Number(length ?? 0)
    if (length === undefined) this.#phase = 'until-close'
    else this.#phase = this.#left === 0 ? 'complete' : 'counted'
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at)
    if (end < 0) {
      this.#text += chunk.toString('latin1', at)
      return chunk.length
    }
    const line = (this.#text + chunk.toString('latin1', at, end)).trimEnd()
    this.#text = ''
    if (this.#phase === 'chunk-size') this.#enterChunk(line)
    else if (line === '') this.#phase = 'complete'
    return end + 1
  }

  #enterChunk(line: string): void {
    if (!/^[0-9a-f]{1,8}/i.test(line)) throw new Error('not a chunk size')
    const size = Number.parseInt(line, 16)
    this.#phase = size === 0 ? 'trailer' : 'chunk'
    this.#left = size + 2
  }

  #skip(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at)
    this.#left -= taken
    if (this.#left === 0) this.#phase = this.#phase === 'chunk' ? 'chunk-size' : 'complete'
    return at + taken
  }
}
