import { parseArgs } from 'node:util'
import { lines } from './lines.js'
import { peerNames } from './peers/peers.js'

/** What the command line asks for. */
export interface BenchOptions {
  /** Measured rounds per peer and line. */
  readonly rounds: number
  /** Length of a round. */
  readonly seconds: number
  readonly connections: number
  readonly lines: readonly string[]
  readonly peers: readonly string[]
  readonly load: 'wrk' | 'node' | undefined
  readonly origin: 'nginx' | 'node' | undefined
  /** File for the JSON; undefined prints it. */
  readonly json: string | undefined
  /** Flags for the Node of the Node proxies, such as `--cpu-prof`. */
  readonly nodeFlags: readonly string[]
}

/** The help text. */
export const usage = `npm run bench -- [options]
  --rounds N         measured rounds per peer and line (5)
  --seconds N        seconds per round (2); wrk takes whole ones
  --quick            one round of one second
  --connections N    connections of the load (50)
  --lines A,B        ${lines.map((line) => line.name).join(', ')}
  --peers A,B        ${peerNames.join(', ')}
  --load NAME        wrk or node (wrk when installed)
  --origin NAME      nginx or node (nginx when installed)
  --json FILE        write the figures there instead of printing them
  --node-flags A,B   flags for the Node of the Node proxies, such as --cpu-prof,--cpu-prof-dir=profiles`

/** Reads the command line; undefined when it asks for help. Throws with the option's name on a bad value. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean' },
      connections: { type: 'string', default: '50' },
      lines: { type: 'string' },
      peers: { type: 'string' },
      load: { type: 'string' },
      origin: { type: 'string' },
      json: { type: 'string' },
      'node-flags': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  const isQuick = values.quick === true
  return {
    rounds: count('--rounds', values.rounds ?? (isQuick ? '1' : '5'), 1000),
    seconds: positive('--seconds', values.seconds ?? (isQuick ? '1' : '2'), 600),
    connections: count('--connections', values.connections, 10_000),
    lines: names(
      '--lines',
      values.lines,
      lines.map((line) => line.name),
    ),
    peers: names('--peers', values.peers, peerNames),
    load: choice('--load', values.load, ['wrk', 'node']),
    origin: choice('--origin', values.origin, ['nginx', 'node']),
    json: values.json,
    nodeFlags: values['node-flags']?.split(',') ?? [],
  }
}

function positive(option: string, text: string, most: number): number {
  const value = Number(text)
  if (!(value > 0 && value <= most)) throw new Error(`${option}: got ${text}, takes a number above 0, at most ${most}`)
  return value
}

function count(option: string, text: string, most: number): number {
  const value = positive(option, text, most)
  if (!Number.isInteger(value)) throw new Error(`${option}: got ${text}, takes a whole number`)
  return value
}

function names(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return known
  const wanted = text.split(',')
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`${option}: got ${unknown}, takes ${known.join(', ')}`)
  return known.filter((name) => wanted.includes(name))
}

function choice<Name extends string>(option: string, text: string | undefined, known: Name[]): Name | undefined {
  const found = known.find((name) => name === text)
  if (text !== undefined && found === undefined) throw new Error(`${option}: got ${text}, takes ${known.join(' or ')}`)
  return found
}
