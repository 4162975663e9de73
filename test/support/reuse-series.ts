import type { HttpReuse } from '../../src/index.js'

/**
 * Fixed series of requests, one after the other: the client that sends each, the method, and where a client leaves. With
 * each mode of `http-reuse`, how many connections HAProxy opens to a server for them.
 */
export interface ReuseSeries {
  readonly name: string
  /** `A GET`: the client A sends a GET; `A leaves`. */
  readonly steps: readonly string[]
  /** What HAProxy's server sees. */
  readonly haproxy: Readonly<Record<HttpReuse, number>>
  /** What evenkeel's sees, where that is not the same: a first request that could be sent again shares connections. */
  readonly own?: Partial<Readonly<Record<HttpReuse, number>>>
}

function series(
  name: string,
  steps: string,
  [never, safe, aggressive, always]: readonly [number, number, number, number],
  own?: ReuseSeries['own'],
): ReuseSeries {
  return { name, steps: steps.split(', '), haproxy: { never, safe, aggressive, always }, ...(own && { own }) }
}

export const reuseSeries: readonly ReuseSeries[] = [
  series('one client', 'A POST, A POST, A POST', [1, 1, 1, 1]),
  series('clients that come and go', 'A POST, A leaves, B POST, B leaves, C POST', [3, 3, 3, 1]),
  series('clients that come and go and ask for little', 'A GET, A leaves, B GET, B leaves, C GET', [3, 3, 3, 1], {
    safe: 1,
    aggressive: 1,
  }),
  series('clients that stay', 'A POST, B POST, C POST, A POST, B POST, C POST', [3, 3, 3, 1]),
  series('a client after one that used its connection twice', 'A POST, A POST, A leaves, B POST', [2, 2, 1, 1]),
  series('a client after one that used its connection once', 'A POST, A leaves, B POST', [2, 2, 2, 1]),
  series('a later request of another client', 'A POST, B POST, B leaves, A POST', [2, 2, 2, 1]),
]
