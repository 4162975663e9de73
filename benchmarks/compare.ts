import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { Children } from './children.js'
import { findProgram } from './installed.js'
import { type LineResult, lineResult } from './line-result.js'
import { lines } from './lines.js'
import type { Load } from './load/load.js'
import { NodeLoad } from './load/node.js'
import { WrkLoad } from './load/wrk.js'
import { type BenchOptions, readOptions, usage } from './options.js'
import { startNginxOrigin } from './origin/nginx.js'
import { startNodeOrigin } from './origin/node.js'
import type { Origin } from './origin/origin.js'
import type { RunningPeer } from './peers/peer.js'
import { findPeer } from './peers/peers.js'
import { type Report, reportText } from './report.js'
import { measureLine } from './rounds.js'

/** One run of the benchmark: what it started, where it keeps files, what it could not use. */
class Comparison {
  readonly #options: BenchOptions
  readonly #children = new Children()
  readonly #folder = mkdtempSync(join(tmpdir(), 'evenkeel-bench-'))
  readonly #leftOut: Record<string, string> = {}

  constructor(options: BenchOptions) {
    this.#options = options
  }

  async run(): Promise<Report> {
    const { rounds, seconds, connections } = this.#options
    const load = this.#chooseLoad()
    if (load.needsWholeSeconds && !Number.isInteger(seconds))
      throw new Error(`--seconds: ${load.name} takes whole ones`)
    const origin = await this.#startOrigin()
    const peers = await this.#startPeers(origin)
    const plan = { rounds, seconds, warmUpSeconds: Math.min(3, 2 * seconds) }
    const results: LineResult[] = []
    for (const line of lines.filter(({ name }) => this.#options.lines.includes(name))) {
      console.error(`measuring ${line.title}`)
      results.push(lineResult(line, await measureLine(line, peers, load, plan)))
      this.#children.refuseAfterStop()
    }
    return {
      date: new Date().toISOString(),
      machine: {
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        cores: cpus().length,
        system: `${type()} ${release()}`,
        node: process.versions.node,
      },
      load: { name: load.name, version: load.version, connections },
      origin: { name: origin.name, version: origin.version },
      plan,
      versions: Object.fromEntries(peers.map(({ peer }) => [peer.name, peer.version])),
      leftOut: this.#leftOut,
      lines: results,
    }
  }

  /** Ends every process, waits until they are gone, and removes every file. */
  async stop(): Promise<void> {
    await this.#children.stop()
    this.clear()
  }

  /** Ends every process and removes every file. Synchronous, so that it can run while the process exits. */
  clear(): void {
    this.#children.killAll()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #chooseLoad(): Load {
    const wrk = this.#options.load === 'node' ? undefined : this.#find('wrk', this.#options.load)
    const { connections } = this.#options
    return wrk === undefined
      ? new NodeLoad(connections, this.#children)
      : new WrkLoad(wrk, connections, this.#folder, this.#children)
  }

  #startOrigin(): Promise<Origin> {
    const nginx = this.#options.origin === 'node' ? undefined : this.#find('nginx', this.#options.origin)
    return nginx === undefined ? startNodeOrigin(this.#children) : startNginxOrigin(nginx, this.#folder, this.#children)
  }

  #find(name: string, demanded: string | undefined): ReturnType<typeof findProgram> {
    const found = findProgram(name)
    if (found !== undefined) return found
    if (demanded === name) throw new Error(`${name} is not installed`)
    this.#leftOut[name] = 'not installed'
    return undefined
  }

  async #startPeers(origin: Origin): Promise<RunningPeer[]> {
    const running: RunningPeer[] = []
    for (const name of this.#options.peers) {
      const peer = findPeer(name, this.#options.nodeFlags)
      try {
        if (peer === undefined) this.#leftOut[name] = 'not installed'
        else running.push(await peer.start(origin, this.#folder, this.#children))
      } catch (error) {
        this.#leftOut[name] = error instanceof Error ? error.message : String(error)
      }
    }
    return running
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(usage)
    return
  }
  const comparison = new Comparison(options)
  // The last resort: it clears up after an error that nobody caught.
  process.once('exit', () => comparison.clear())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const exit = () => process.exit(128 + constants.signals[signal])
    process.once(signal, () => comparison.stop().then(exit, exit))
  }
  const report = await comparison.run().finally(() => comparison.stop())
  console.log(reportText(report))
  const json = JSON.stringify(report, undefined, 2)
  if (options.json === undefined) console.log(`\n${json}`)
  else writeFileSync(options.json, `${json}\n`)
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
