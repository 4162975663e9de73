import type { Children } from '../children.js'
import type { Origin } from './origin.js'

/** Starts an origin on `node:http`, for machines without nginx. */
export async function startNodeOrigin(children: Children): Promise<Origin> {
  const child = children.startProgram(new URL('./node-program.js', import.meta.url), [])
  const { ports } = (await child.announcement()) as { ports: number[] }
  return { name: 'node', version: process.version, ports }
}
