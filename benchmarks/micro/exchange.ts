// Measures what one request costs in the engine alone, on sockets that do nothing, and where it goes:
// `npm run bench:exchange`. What the kernel and Node's streams cost comes on top; `npm run bench` measures all together.

import { Session as Inspector, type Profiler } from 'node:inspector/promises'
import { syncBuiltinESMExports } from 'node:module'
import net, { type OnReadOpts, type Socket } from 'node:net'
import { IdleSocket } from './idle-socket.js'

const clients = 50
const roundsPerBatch = 200
const seconds = 3

/** A socket towards a server, with what was sent on it since it was looked at. */
interface ServerEnd {
  readonly socket: IdleSocket
  readonly onread: OnReadOpts
}

const serverEnds: ServerEnd[] = []

// The engine connects as ever; what it gets is no socket.
net.connect = ((options: { onread: OnReadOpts }): Socket => {
  const socket = new IdleSocket()
  serverEnds.push({ socket, onread: options.onread })
  queueMicrotask(() => socket.tell('connect'))
  return socket as unknown as Socket
}) as unknown as typeof net.connect
syncBuiltinESMExports()

const { activateBackend } = await import('../../src/activation.js')
const { createProxy } = await import('../../src/create-proxy.js')
const { Http1Carrier } = await import('../../src/http1/http1-carrier.js')

const browserFields = [
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: https://www.example.com/',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Upgrade-Insecure-Requests: 1',
]
const pageFields = [
  'Server: nginx/1.22.1',
  'Date: Tue, 01 Jan 2030 00:00:00 GMT',
  'Content-Type: text/html; charset=utf-8',
  'Content-Length: 2048',
  'Last-Modified: Tue, 01 Jan 2030 00:00:00 GMT',
  'Connection: keep-alive',
  'Accept-Ranges: bytes',
]
const page = (tag: number): Buffer => message('HTTP/1.1 200 OK', [...pageFields, `ETag: "${tag}"`], 'x'.repeat(2048))

const lines = {
  'small GET': {
    requests: [message('GET /small HTTP/1.1', ['Host: 127.0.0.1:8080'])],
    responses: [message('HTTP/1.1 200 OK', ['Server: nginx/1.22.1', 'Content-Length: 2'], 'ok')],
  },
  '2 KB page': {
    requests: [message('GET /page HTTP/1.1', [...browserFields, 'Cookie: session=1'])],
    responses: [page(1)],
  },
  '2 KB page, other fields every time': {
    requests: Array.from({ length: 64 }, (_, n) => message('GET /page HTTP/1.1', [...browserFields, `Cookie: n=${n}`])),
    responses: Array.from({ length: 64 }, (_, n) => page(n)),
  },
}

function message(start: string, fields: readonly string[], body = ''): Buffer {
  return Buffer.from([start, ...fields, '', body].join('\r\n'), 'latin1')
}

/** Clients that send a request each, and servers that answer all of them, round after round. */
class Traffic {
  readonly #clients: readonly IdleSocket[] = Array.from({ length: clients }, () => new IdleSocket())
  #sent = 0

  constructor(private readonly line: { readonly requests: readonly Buffer[]; readonly responses: readonly Buffer[] }) {
    const proxy = createProxy({
      frontends: { main: { forwardFor: true, defaultBackend: 'app' } },
      backends: { app: { servers: ['127.0.0.1:5001', '127.0.0.1:5002', '127.0.0.1:5003'] } },
    })
    activateBackend(proxy.backend('app'))
    const carrier = new Http1Carrier(proxy.frontend('main'))
    const client = { address: '192.0.2.7', port: 40000 }
    for (const end of this.#clients) {
      const socket = end as unknown as Socket
      carrier.accept({ socket, client, localAddress: '127.0.0.1', localPort: 8080 })
    }
  }

  request(): void {
    const { requests } = this.line
    for (const client of this.#clients) client.tell('data', requests[this.#sent++ % requests.length])
  }

  answer(): void {
    const { responses } = this.line
    for (const { socket, onread } of serverEnds) {
      if (!socket.takeWritten()) continue
      const response = responses[this.#sent % responses.length]!
      const buffer = (onread.buffer as () => Uint8Array)()
      response.copy(buffer)
      onread.callback(response.length, buffer)
    }
  }

  /** Some rounds during which connections are opened: these take a turn of the event loop. */
  async warmUp(): Promise<void> {
    for (let round = 0; round < 30; round++) {
      this.request()
      await new Promise(setImmediate)
      this.answer()
      if (!this.#clients.every((client) => client.takeWritten())) throw new Error('a request was not answered')
    }
  }

  /** Nanoseconds a request, in each of the batches that fit into the time. */
  async run(): Promise<number[]> {
    const batches: number[] = []
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await new Promise(setImmediate)) {
      const start = process.hrtime.bigint()
      for (let round = 0; round < roundsPerBatch; round++) {
        this.request()
        this.answer()
      }
      batches.push(Number(process.hrtime.bigint() - start) / (roundsPerBatch * clients))
    }
    return batches.sort((one, other) => one - other)
  }
}

/** The functions whose time, with all that they call, is that of a stage. The innermost one on the stack counts. */
const stageFunctions = {
  'read the request': ['readRequestHead'],
  decide: ['admit', 'assign'],
  'write the request': ['prepare', 'address', 'send'],
  'read the response': ['readResponseHead'],
  'write the response': ['respond'],
  end: ['#end', '#finish', '#responseEnded'],
  exchange: ['#begin', '#respond'],
  connections: ['#onData', '#read'],
}
const stages = new Map(
  Object.entries(stageFunctions).flatMap(([stage, names]) => names.map((name) => [name, stage] as const)),
)

/** The share of each stage in the samples of a profile that belong to any. */
function sharesOf({ nodes, samples = [] }: Profiler.Profile): Map<string, number> {
  const stageOf = new Map<number, string | undefined>()
  const visit = (node: Profiler.ProfileNode, outer: string | undefined): void => {
    const stage = stages.get(node.callFrame.functionName) ?? outer
    stageOf.set(node.id, stage)
    for (const id of node.children ?? []) visit(byId.get(id)!, stage)
  }
  const byId = new Map(nodes.map((node) => [node.id, node]))
  visit(nodes[0]!, undefined)
  const counts = new Map<string, number>()
  for (const id of samples) {
    const stage = stageOf.get(id)
    if (stage !== undefined) counts.set(stage, (counts.get(stage) ?? 0) + 1)
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return new Map([...counts].sort((one, other) => other[1] - one[1]).map(([stage, count]) => [stage, count / total]))
}

const inspector = new Inspector()
inspector.connect()
await inspector.post('Profiler.enable')
await inspector.post('Profiler.setSamplingInterval', { interval: 150 })

for (const [name, line] of Object.entries(lines)) {
  serverEnds.length = 0
  const traffic = new Traffic(line)
  await traffic.warmUp()
  const batches = await traffic.run()
  const best = batches[0]!
  console.log(`${name}: ${best.toFixed(0)} ns at best, ${batches[batches.length >> 1]!.toFixed(0)} ns mostly; of that`)
  await inspector.post('Profiler.start')
  await traffic.run()
  const { profile } = await inspector.post('Profiler.stop')
  for (const [stage, share] of sharesOf(profile)) console.log(`  ${(share * best).toFixed(0).padStart(5)}  ${stage}`)
}
process.exit(0)
