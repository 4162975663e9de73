import { isInLine, type LineResult, type PeerResult } from './line-result.js'

/** All that one run of the benchmark found, ready for JSON. */
export interface Report {
  readonly date: string
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly system: string
    readonly node: string
  }
  readonly load: { readonly name: string; readonly version: string; readonly connections: number }
  readonly origin: { readonly name: string; readonly version: string }
  readonly plan: { readonly rounds: number; readonly seconds: number; readonly warmUpSeconds: number }
  /** Version by peer. */
  readonly versions: Readonly<Record<string, string>>
  /** What was left out, with the reason. */
  readonly leftOut: Readonly<Record<string, string>>
  readonly lines: readonly LineResult[]
}

/** Lays a report out for reading. */
export function reportText(report: Report): string {
  const { machine, load, origin, plan } = report
  const head = [
    `${machine.processor}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}`,
    `load: ${load.name} ${load.version}, ${load.connections} connections; origin: ${origin.name} ${origin.version}; ` +
      `medians of ${plan.rounds} rounds of ${plan.seconds} s`,
    `peers: ${Object.entries(report.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    ...Object.entries(report.leftOut).map(([name, reason]) => `left out: ${name} (${reason})`),
  ]
  return [head.join('\n'), ...report.lines.map(lineText)].join('\n\n')
}

function lineText(result: LineResult): string {
  const notes = result.ratios.map(
    (ratio) =>
      `evenkeel to ${ratio.to}: ${ratio.requestsPerSecond.toFixed(2)} of its requests per second, ` +
      `${ratio.cpuMicrosecondsPerRequest.toFixed(2)} of its CPU time per request`,
  )
  if (result.void !== undefined) notes.push(`VOID: ${result.void}`)
  if (result.reference === undefined) notes.push('no reference: nothing says whether the machine was quiet')
  const heading = row(result.title, 'requests/s', 'p99 ms', 'CPU µs/request')
  return [heading, ...result.peers.map(peerText), ...notes.map((note) => `  ${note}`)].join('\n')
}

function peerText(peer: PeerResult): string {
  const name = `  ${peer.name}`
  if (!isInLine(peer)) return `${name.padEnd(30)}  out: ${peer.out}`
  return row(
    name,
    peer.requestsPerSecond.toFixed(0),
    peer.p99Milliseconds.toFixed(2),
    peer.cpuMicrosecondsPerRequest.toFixed(1),
  )
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(30) + cells.map((cell) => cell.padStart(16)).join('')
}
