import { cpuMicroseconds } from './cpu.js'
import type { Line } from './lines.js'
import type { Load, LoadResult } from './load/load.js'
import type { RunningPeer } from './peers/peer.js'

/** What one round of one peer gave. */
export interface Round {
  readonly requestsPerSecond: number
  readonly p99Milliseconds: number
  /** CPU time of the proxy's process, all its threads, per request. */
  readonly cpuMicrosecondsPerRequest: number
}

/** What the rounds of one peer on one line gave, or why it is out of the line. */
export type Measured = { readonly rounds: readonly Round[] } | { readonly out: string }

/** How long and how often to measure. */
export interface RoundPlan {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

/**
 * Measures every peer that takes it on one line: each is warmed up once, then the rounds are interleaved, so that
 * what disturbs the machine for a while disturbs all peers alike.
 */
export async function measureLine(
  line: Line,
  all: readonly RunningPeer[],
  load: Load,
  plan: RoundPlan,
): Promise<Map<RunningPeer, Measured>> {
  const peers = all.filter(({ ports }) => ports[line.mode] !== undefined)
  const rounds = new Map<RunningPeer, Round[]>(peers.map((peer) => [peer, []]))
  const out = new Map<RunningPeer, string>()
  for (let turn = 0; turn <= plan.rounds; turn++) {
    const isWarmUp = turn === 0
    for (const peer of peers) {
      if (out.has(peer)) continue
      try {
        const round = await measureRound(line, peer, load, isWarmUp ? plan.warmUpSeconds : plan.seconds)
        if (!isWarmUp) rounds.get(peer)?.push(round)
      } catch (error) {
        out.set(peer, error instanceof Error ? error.message : String(error))
      }
    }
  }
  return new Map(peers.map((peer) => [peer, measured(rounds.get(peer) ?? [], out.get(peer))]))
}

function measured(rounds: readonly Round[], out: string | undefined): Measured {
  return out === undefined ? { rounds } : { out }
}

async function measureRound(line: Line, peer: RunningPeer, load: Load, seconds: number): Promise<Round> {
  const before = processTime(peer)
  const result = await load.run(peer.ports[line.mode]!, line, seconds)
  const used = processTime(peer) - before
  const fault = faultOf(result, line)
  if (fault !== undefined) throw new Error(fault)
  return {
    requestsPerSecond: result.requests / result.seconds,
    p99Milliseconds: result.p99Milliseconds,
    cpuMicrosecondsPerRequest: used / result.requests,
  }
}

function processTime(peer: RunningPeer): number {
  try {
    return cpuMicroseconds(peer.pid)
  } catch {
    throw new Error('its process has ended')
  }
}

function faultOf(result: LoadResult, line: Line): string | undefined {
  if (result.refusals > 0) return `${result.refusals} of ${result.requests} answers were neither 2xx nor 3xx`
  if (result.socketErrors > 0) return `${result.socketErrors} socket errors in ${result.requests} requests`
  if (result.requests === 0) return 'no answer'
  if (result.bytes < result.requests * line.answerBytes) return 'its answers are too short'
  return undefined
}
