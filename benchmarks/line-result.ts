import { median, spread } from './figures.js'
import type { Line } from './lines.js'
import type { PeerKind, RunningPeer } from './peers/peer.js'
import type { Measured, Round } from './rounds.js'

/** The reference's rounds may lie this far apart, as a ratio of their median, before a line is void. */
const spreadLimit = 0.15

/** One peer on one line: the medians of its rounds, or why it is out. */
export type PeerResult = { readonly name: string; readonly kind: PeerKind } & (
  | (Round & { readonly rounds: readonly Round[] })
  | { readonly out: string }
)

/** One figure of evenkeel divided by the same figure of the best of some others. */
export interface Ratio {
  readonly to: string
  readonly requestsPerSecond: number
  readonly cpuMicrosecondsPerRequest: number
}

/** One line with all its peers. */
export interface LineResult {
  readonly line: string
  readonly title: string
  readonly peers: readonly PeerResult[]
  /** The peer whose rounds say whether the machine was quiet enough. */
  readonly reference: string | undefined
  /** How far the reference's rounds lay apart, as a ratio of their median. */
  readonly referenceSpread:
    | { readonly requestsPerSecond: number; readonly cpuMicrosecondsPerRequest: number }
    | undefined
  /** Why the line's figures must not be used. */
  readonly void: string | undefined
  /** Evenkeel's figures over those of the quickest Node peer, and over HAProxy's. */
  readonly ratios: readonly Ratio[]
}

/** Sums up one line. */
export function lineResult(line: Line, measured: ReadonlyMap<RunningPeer, Measured>): LineResult {
  const peers = [...measured].map(([{ peer }, result]) => peerResult(peer.name, peer.kind, result))
  const reference = ['haproxy', 'nginx'].map((name) => inLine(peers, name)).find((peer) => peer !== undefined)
  const referenceSpread = reference && {
    requestsPerSecond: spread(reference.rounds.map((round) => round.requestsPerSecond)),
    cpuMicrosecondsPerRequest: spread(reference.rounds.map((round) => round.cpuMicrosecondsPerRequest)),
  }
  return {
    line: line.name,
    title: line.title,
    peers,
    reference: reference?.name,
    referenceSpread,
    void: referenceSpread && whyVoid(reference.name, referenceSpread),
    ratios: ratios(peers),
  }
}

type InLine = Extract<PeerResult, Round>

function peerResult(name: string, kind: PeerKind, measured: Measured): PeerResult {
  if ('out' in measured) return { name, kind, out: measured.out }
  const middle = (figure: keyof Round) => median(measured.rounds.map((round) => round[figure]))
  return {
    name,
    kind,
    requestsPerSecond: middle('requestsPerSecond'),
    p99Milliseconds: middle('p99Milliseconds'),
    cpuMicrosecondsPerRequest: middle('cpuMicrosecondsPerRequest'),
    rounds: measured.rounds,
  }
}

function inLine(peers: readonly PeerResult[], name: string): InLine | undefined {
  return peers.filter(isInLine).find((peer) => peer.name === name)
}

/** The peer has figures on the line. */
export function isInLine(peer: PeerResult): peer is InLine {
  return !('out' in peer)
}

function whyVoid(name: string, spreads: NonNullable<LineResult['referenceSpread']>): string | undefined {
  const wide = [
    ['requests per second', spreads.requestsPerSecond] as const,
    ['CPU time per request', spreads.cpuMicrosecondsPerRequest] as const,
  ].filter(([, value]) => value > spreadLimit)
  if (wide.length === 0) return undefined
  return `${name}'s rounds spread by ${wide.map(([what, value]) => `${percent(value)} in ${what}`).join(' and ')}`
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`
}

function ratios(peers: readonly PeerResult[]): Ratio[] {
  const own = inLine(peers, 'evenkeel')
  if (own === undefined) return []
  const others = [
    peers
      .filter(isInLine)
      .filter((peer) => peer.kind === 'node')
      .sort((a, b) => a.cpuMicrosecondsPerRequest - b.cpuMicrosecondsPerRequest)[0],
    inLine(peers, 'haproxy'),
  ]
  return others.flatMap((other) => {
    if (other === undefined) return []
    const requestsPerSecond = own.requestsPerSecond / other.requestsPerSecond
    return [
      {
        to: other.name,
        requestsPerSecond,
        cpuMicrosecondsPerRequest: own.cpuMicrosecondsPerRequest / other.cpuMicrosecondsPerRequest,
      },
    ]
  })
}
