import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Children } from '../children.js'
import type { Installed } from '../installed.js'
import type { Line } from '../lines.js'
import type { Load, LoadResult } from './load.js'

/** Load by wrk, one thread. */
export class WrkLoad implements Load {
  readonly name = 'wrk'
  readonly needsWholeSeconds = true
  readonly version: string
  readonly #path: string
  readonly #connections: number
  readonly #folder: string
  readonly #children: Children

  constructor(wrk: Installed, connections: number, folder: string, children: Children) {
    this.version = wrk.version
    this.#path = wrk.path
    this.#connections = connections
    this.#folder = folder
    this.#children = children
  }

  async run(port: number, line: Line, seconds: number): Promise<LoadResult> {
    const script = join(this.#folder, `${line.name}.lua`)
    writeFileSync(script, luaScript(line))
    const url = `http://127.0.0.1:${port}${line.path}`
    const args = ['-t1', `-c${this.#connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script, url]
    const child = this.#children.start(this.#path, args)
    await child.finish(seconds * 1000 + 15_000)
    const report = child.output.split('\n').find((text) => text.startsWith('{'))
    if (report === undefined) throw new Error(`wrk: ${child.complaint}`)
    return JSON.parse(report)
  }
}

function luaScript(line: Line): string {
  const fields = line.keepAlive ? line.fields : [...line.fields, ['Connection', 'close'] as const]
  return `
wrk.method = "${line.method}"
${line.bodyBytes > 0 ? `wrk.body = string.rep("u", ${line.bodyBytes})` : ''}
${fields.map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`).join('\n')}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"seconds":%f,"p99Milliseconds":%f,"bytes":%d,"socketErrors":%d,"refusals":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1000, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
`
}
