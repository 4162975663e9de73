import { isDeepStrictEqual } from 'node:util'
import { chunked } from '../../../src/core/message/framing.js'
import { compare, type Finding } from './compare.js'
import { Dice } from './dice.js'
import { EngineRequestReader, EngineResponseReader } from './engine-reader.js'
import { requests, responses } from './messages.js'
import { mutated, split } from './mutations.js'
import { NodeRequestReader, readNodeResponse } from './node-reader.js'
import type { Message, Reading } from './reading.js'

/** What many cases came to. */
export interface Campaign {
  cases: number
  /** Messages that both accepted, whole. */
  agreed: number
  /** How many of those were responses, how many came in chunks, and how many in more than one piece. */
  responses: number
  chunked: number
  cut: number
  /** Cases that the engine refused. */
  refused: number
  /** How often each known difference was met, by its reason. */
  readonly known: Map<string, number>
  /** Whatever must not be. */
  readonly failures: string[]
}

const node = new NodeRequestReader()

/** Runs one case after the other, from a seed, until `isOver`. */
export async function runCampaign(seed: number, isOver: (campaign: Campaign) => boolean): Promise<Campaign> {
  const campaign: Campaign = {
    cases: 0,
    agreed: 0,
    responses: 0,
    chunked: 0,
    cut: 0,
    refused: 0,
    known: new Map(),
    failures: [],
  }
  for (let number = seed; !isOver(campaign); number++) {
    await runCase(campaign, number)
    campaign.cases++
  }
  return campaign
}

/** One case, which its number decides. */
async function runCase(campaign: Campaign, number: number): Promise<void> {
  const dice = new Dice(number)
  const isRequest = dice.chance(0.6)
  const method = isRequest ? '' : dice.pick(['GET', 'GET', 'POST', 'HEAD'])
  const text = mutated(dice, isRequest ? requests(dice) : responses(dice))
  const pieces = split(dice, text)
  const engine = readWithEngine(method, pieces)
  const other = isRequest ? await node.read(pieces) : await readNodeResponse(method, pieces, true)
  const report = (claim: string): void =>
    void campaign.failures.push(`case ${number}: ${claim}\n${JSON.stringify(text)}`)
  if (!isAlike(engine, readWithEngine(method, [Buffer.from(text, 'latin1')]))) report('it matters where it is split')
  const agreed = count(campaign, engine, compare(engine, other), report)
  campaign.agreed += agreed.length
  if (!isRequest) campaign.responses += agreed.length
  if (pieces.length > 1) campaign.cut += agreed.length
  campaign.chunked += agreed.filter(({ head }) => head.bodyLength === chunked).length
}

function readWithEngine(method: string, pieces: readonly Buffer[]): Reading {
  const reader = method === '' ? new EngineRequestReader() : new EngineResponseReader(method)
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return reader.reading
}

/** Counts a case; gives the messages that both accepted, whole. */
function count(campaign: Campaign, engine: Reading, finding: Finding, report: (claim: string) => void): Message[] {
  if (engine.refusal !== undefined) campaign.refused++
  if (finding.kind === 'agreement') return engine.messages.filter(({ isComplete }) => isComplete)
  if (finding.kind === 'unknown') report(finding.claim)
  else {
    const { reason } = finding.difference
    campaign.known.set(reason, (campaign.known.get(reason) ?? 0) + 1)
  }
  return []
}

function isAlike(one: Reading, other: Reading): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

/** A reading without its heads, which know the text around them. */
function plain({ messages, ...rest }: Reading): unknown {
  return {
    ...rest,
    messages: messages.map(({ head, raw: _, ...message }) => ({ ...message, fields: head.forwardedText([]) })),
  }
}
