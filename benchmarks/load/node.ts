import type { Children } from '../children.js'
import type { Line } from '../lines.js'
import type { Load, LoadResult } from './load.js'
import type { NodeLoadOrder } from './node-program.js'

/** Load by a Node program over raw sockets, for machines without wrk. */
export class NodeLoad implements Load {
  readonly name = 'node'
  readonly needsWholeSeconds = false
  readonly version = process.version
  readonly #connections: number
  readonly #children: Children

  constructor(connections: number, children: Children) {
    this.#connections = connections
    this.#children = children
  }

  async run(port: number, line: Line, seconds: number): Promise<LoadResult> {
    const order: NodeLoadOrder = { port, line, seconds, connections: this.#connections }
    const program = new URL('./node-program.js', import.meta.url)
    const child = this.#children.startProgram(program, [JSON.stringify(order)])
    const result = (await child.announcement(seconds * 1000 + 10_000)) as LoadResult
    await child.finish(5000)
    return result
  }
}
