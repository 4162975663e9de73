import type { ResponseHead } from './message/head.js'

/** What samples and conditions may see of a response. */
export interface ResponseView {
  readonly status: number
  /** The value of the first field of that name, in any case; `undefined` when there is none. */
  header(name: string): string | undefined
  /** The values of all fields of that name, in the order received. */
  headers(name: string): readonly string[]
}

/** The view over a response's head, as it came from the server. */
export class ReceivedResponse implements ResponseView {
  constructor(readonly head: ResponseHead) {}

  get status(): number {
    return this.head.status
  }

  header(name: string): string | undefined {
    return this.head.get(name.toLowerCase())
  }

  headers(name: string): readonly string[] {
    return this.head.getAll(name.toLowerCase())
  }
}
