import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { seededRandom } from '../../src/index.js'

export const mebibyte = 1024 * 1024
const pieceSize = 64 * 1024

/** What has passed of a body, and the sum that tells two bodies apart. */
export interface Passed {
  readonly bytes: number
  readonly sha256: string
}

/** A long body that is the same in every run, with no two pieces alike. */
export class BulkBody {
  readonly #hash = createHash('sha256')
  readonly #length: number
  #sent = 0

  constructor(length: number) {
    this.#length = length
  }

  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false, highWaterMark: 4 * pieceSize })
  }

  *#pieces(): Generator<Buffer> {
    for (; this.#sent < this.#length; this.#sent += pieceSize) {
      const piece = Buffer.from(pattern)
      piece.writeDoubleLE(this.#sent)
      this.#hash.update(piece)
      yield piece
    }
  }

  /** What was sent, once all of it was. */
  passed(): Passed {
    return { bytes: this.#sent, sha256: this.#hash.digest('hex') }
  }
}

const pattern = randomPiece()

function randomPiece(): Buffer {
  const random = seededRandom(1)
  const piece = Buffer.alloc(pieceSize)
  for (let i = 0; i < pieceSize; i++) piece[i] = random.next() * 256
  return piece
}

/** Reads in bursts: so many bytes, then a pause of so many milliseconds. */
export interface Pace {
  readonly burst: number
  readonly pause: number
}

/** Reads a body to its end, as fast as it comes or at a pace. */
export async function receive(body: AsyncIterable<Buffer>, pace?: Pace): Promise<Passed> {
  const hash: Hash = createHash('sha256')
  let bytes = 0
  let pauses = 0
  for await (const chunk of body) {
    hash.update(chunk)
    bytes += chunk.length
    if (pace !== undefined && bytes >= (pauses + 1) * pace.burst) {
      pauses++
      await wait(pace.pause)
    }
  }
  return { bytes, sha256: hash.digest('hex') }
}
