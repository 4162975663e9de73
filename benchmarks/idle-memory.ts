// What an idle client connection costs: opens many, has each ask once and then keep still, and prints by how much the
// proxy's resident memory has grown above the start: `npm run bench:idle -- --connections 8000`.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Children } from './children.js'
import { lines } from './lines.js'
import { ResponseReader } from './load/response-reader.js'
import { startNodeOrigin } from './origin/node.js'
import type { Origin } from './origin/origin.js'
import { NodePeer } from './peers/node-peer.js'
import type { Peer, RunningPeer } from './peers/peer.js'
import { findPeer } from './peers/peers.js'

/** How many connections are being opened at a time: fewer than any backlog. */
const wave = 100
/** How long the process has to come to rest, in milliseconds: shorter than any time limit of an idle connection. */
const rest = 2000

/** Connections that have asked once and wait. */
class IdleClients {
  readonly #sockets: Socket[] = []
  closed = 0

  constructor(
    readonly port: number,
    readonly request: string,
  ) {}

  async open(count: number): Promise<void> {
    while (this.#sockets.length < count) {
      await Promise.all(Array.from({ length: Math.min(wave, count - this.#sockets.length) }, () => this.#open()))
    }
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const reader = new ResponseReader()
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true })
      this.#sockets.push(socket)
      socket.write(this.request)
      socket.on('data', (bytes) => {
        if (!reader.push(bytes)) return
        if (reader.status === 200) resolve()
        else reject(new Error(`status ${reader.status}`))
      })
      socket.on('error', reject)
      socket.on('close', () => {
        this.closed++
        reject(new Error('a connection was closed before its answer'))
      })
    })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Resident memory of a process, in bytes. */
function residentMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024
}

/** By how many bytes each idle connection makes the process grow. */
async function measure({ ports, pid }: RunningPeer, request: string, connections: number): Promise<number> {
  const clients = new IdleClients(ports.http ?? 0, request)
  try {
    await wait(rest)
    const before = residentMemory(pid)
    await clients.open(connections)
    await wait(rest)
    const grown = residentMemory(pid) - before
    if (clients.closed > 0) throw new Error(`${clients.closed} of ${connections} connections did not stay open`)
    return grown / connections
  } finally {
    clients.close()
  }
}

/** A fresh process for each figure, so that none profits from what another left behind. */
async function row(peer: Peer, columns: readonly Column[], origin: Origin, folder: string): Promise<string> {
  const cells: string[] = []
  for (const { request, count } of columns) {
    const children = new Children()
    try {
      const bytes = await measure(await peer.start(origin, folder, children), request, count)
      cells.push((bytes / 1024).toFixed(2))
    } catch (error) {
      cells.push(error instanceof Error ? error.message : String(error))
    } finally {
      await children.stop()
    }
  }
  return text(`${peer.name} ${peer.version}`, cells)
}

/** One figure of each peer. */
interface Column {
  readonly title: string
  readonly request: string
  readonly count: number
}

function columnsOf(counts: readonly number[]): Column[] {
  return lines
    .filter(({ name }) => name === 'small-get' || name === 'page')
    .flatMap(({ name, path, fields }) => {
      const heads = [['Host', '127.0.0.1'], ...fields].map(([field, value]) => `${field}: ${value}\r\n`).join('')
      const request = `GET ${path} HTTP/1.1\r\n${heads}\r\n`
      return counts.map((count) => ({ title: `${name} ${count}`, request, count }))
    })
}

function text(title: string, cells: readonly string[]): string {
  return title.padEnd(28) + cells.map((cell) => cell.padStart(16)).join('')
}

/** Open files that a process needs besides its connections. */
const otherFiles = 200

/** How many connections each line is measured with; fewer than asked for, aloud, where the system allows no more. */
function readCounts(text: string): number[] {
  const counts = text.split(',').map(Number)
  const isGood = counts.every((count) => Number.isInteger(count) && count > 0)
  if (!isGood) throw new Error(`--connections: got ${text}, takes whole numbers above 0`)
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  const most = limit === undefined ? Infinity : Number(limit) - otherFiles
  if (counts.some((count) => count > most)) console.log(`no more than ${most} connections: ulimit -n is ${limit}`)
  return counts.map((count) => Math.min(count, most))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { connections: { type: 'string', default: '8000' }, 'node-flags': { type: 'string' } },
  })
  const counts = readCounts(values.connections)
  const flags = values['node-flags']?.split(',') ?? []
  const bare = new NodePeer('node:http, no proxy', 'node', process.versions.node, 'bare-server', flags)
  const peers = [findPeer('evenkeel', flags), findPeer('haproxy', flags), bare].filter((peer) => peer !== undefined)
  const children = new Children()
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-idle-'))
  process.once('exit', () => children.killAll())
  try {
    const origin = await startNodeOrigin(children)
    console.log('resident memory above the start, KB per idle connection, after one request each')
    const columns = columnsOf(counts)
    const titles = columns.map(({ title }) => title)
    console.log(text('request, connections', titles))
    for (const peer of peers) console.log(await row(peer, columns, origin, folder))
  } finally {
    await children.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
