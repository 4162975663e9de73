import { type Condition, evaluate, readCondition } from '../rules/condition.js'
import { OptionError } from '../util/errors.js'
import { OptionReader, readName } from '../util/options.js'
import type { Bond } from './bond.js'
import type { Reach } from './reach.js'

/** Sends what its condition takes to one server, before any other persistence is asked. HAProxy: `use-server`. */
export interface UseServerRule {
  /** The server's name. While it takes no traffic the rules after this one are asked. */
  readonly server: string
  /** Default: always. HAProxy: `if`. */
  readonly when?: Condition
}

/** Binds the exchange to the server of the first rule that holds and whose server takes traffic. */
export function useServer(rules: readonly UseServerRule[], bond: Bond, reach: Reach): void {
  for (const { server: name, when } of rules) {
    if (when !== undefined && !evaluate(when, bond.view)) continue
    const server = reach.named(name)
    if (server === undefined) bond.note('use-server', undefined, name, 'unknown', 'the backend has no such server')
    else if (!reach.reaches(bond, server)) bond.note('use-server', undefined, name, 'down', 'it takes no traffic')
    else {
      bond.server = server
      return bond.note('use-server', undefined, name, 'matched', 'a rule says so')
    }
  }
}

/** Reads the `useServer` option of a backend. */
export function readUseServer(value: unknown, path: string): UseServerRule[] {
  if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of rules with a server each')
  return value.map((entry: unknown, index) => {
    const reader = new OptionReader(entry, `${path}[${index}]`)
    const server = readName(reader.raw('server'), reader.pathOf('server'))
    const when = reader.read('when', readCondition)
    reader.end()
    return when === undefined ? { server } : { server, when }
  })
}
