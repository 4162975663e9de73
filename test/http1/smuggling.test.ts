import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type HttpMessage, readHead, readResponse } from '../support/http-message.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import type { ProxyOptions } from '../support/setups.js'
import { ownBind } from '../support/setups.js'
import type { Wire } from '../support/wire.js'
import { Dice } from './fuzz/dice.js'
import { NodeRequestReader } from './fuzz/node-reader.js'
import { type RequestCase, type ResponseCase, smuggled } from './smuggling/case.js'
import { requestCases, responseCases } from './smuggling/corpus.js'
import { type Answer, Recorder, type Recording } from './smuggling/recorder.js'
import { bodyless, surplus } from './smuggling/responses.js'

/** Everything that is told to servers: so that there is something to break out of. */
const telling: ProxyOptions = {
  frontend: { forwardFor: true, forwardedHeaders: true, forwarded: true, via: true, trustedProxies: '127.0.0.0/8' },
  backend: { retries: 0 },
}

/** One proxy between the tests' clients and a server that keeps what it gets. */
class Stage {
  private constructor(
    readonly t: TestContext,
    readonly port: number,
    readonly recorder: Recorder,
  ) {}

  static async open(t: TestContext, answer: (request: HttpMessage) => Answer): Promise<Stage> {
    const { recorder, address } = await Recorder.listen(t, answer)
    const { port } = await ownBind.start(t, { s1: address }, telling)
    return new Stage(t, port, recorder)
  }

  connect(): Promise<Wire> {
    return connect(this.t, { port: this.port })
  }

  /** Whether the next request of somebody else gets its own answer: what an attack left behind would come before it. */
  async checkBystander(): Promise<void> {
    const client = await this.connect()
    client.send('GET /bystander HTTP/1.1\r\nHost: a.test\r\n\r\n')
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.body], [200, 'GET /bystander'])
    client.close()
  }
}

function lineOf({ startLine }: HttpMessage): string {
  return startLine.replace(/ HTTP\/1\.1$/, '')
}

/** The answer that says what it answers. */
function echo(request: HttpMessage): Answer {
  const line = lineOf(request)
  return { pieces: [`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`], ends: false }
}

/** How a text is sent: at once, or in pieces that are read one by one. */
const manners: Readonly<Record<string, (text: string) => readonly string[]>> = {
  'at once': (text) => [text],
  'in pieces': cutInFour,
}

function cutInFour(text: string): string[] {
  const dice = new Dice(text.length)
  const ends = [1, 2, 3].map(() => dice.below(text.length)).sort((one, other) => one - other)
  return [0, ...ends].map((from, i) => text.slice(from, ends[i])).filter((piece) => piece !== '')
}

async function runRequest(stage: Stage, item: RequestCase, pieces: readonly string[]): Promise<void> {
  const { forwarded, refused, ends } = item
  const before = stage.recorder.requests.length
  const client = await stage.connect()
  await client.sendSlowly(...pieces)
  if (ends) client.end()
  for (const { line } of forwarded) {
    const response = await readFinal(client, line.split(' ', 1)[0]!)
    assert.deepEqual([response.status, response.body], [200, line.startsWith('HEAD') ? '' : line])
  }
  if (refused !== undefined) assert.equal((await readResponse(client)).status, refused)
  if (refused !== undefined || ends) await client.ending()
  client.close()
  await stage.checkBystander()
  const arrived = stage.recorder.requests
    .slice(before)
    .map((request) => ({ line: lineOf(request), body: request.body }))
  assert.deepEqual(arrived, [...forwarded, { line: 'GET /bystander', body: '' }])
}

/** A head that a server got: there is one way to read it. */
function assertUnambiguous(request: HttpMessage): void {
  const { head } = request
  assert.doesNotMatch(head, /\r[^\n]|[^\r]\n|[^\t\r\n\x20-\x7e\x80-\xff]/, 'line ends and controls')
  assert.match(head, /^\S+ \S+ HTTP\/1\.1\r\n(?:[^\s:]+: ?.*\r\n)*\r\n$/, 'lines')
  assert.equal(request.all('host').length, 1, 'one Host')
  const [lengths, codings] = [request.all('content-length'), request.all('transfer-encoding')]
  assert.ok(lengths.length + codings.length <= 1, 'one framing')
  for (const length of lengths) assert.match(length, /^ *\d{1,15} *$/)
  for (const coding of codings) assert.equal(coding, 'chunked')
  assert.deepEqual([...request.all('te'), ...request.all('keep-alive'), ...request.all('proxy-connection')], [])
}

/** Another parser sees the same requests in a connection's bytes. */
async function assertReadAlike({ raw, requests }: Recording, reader: NodeRequestReader): Promise<void> {
  const { messages, refusal } = await reader.read([Buffer.from(raw, 'latin1')])
  const whole = messages.filter(({ isComplete }) => isComplete).map(({ start, body }) => [start, body])
  const foreign = requests.findIndex((request) => lineOf(request).startsWith('SMUGGLE'))
  // Node's parser reads nothing after a request to upgrade, even if that is declined.
  const upgrading = requests.findIndex((request) => request.get('upgrade') !== undefined) + 1
  const expected = requests.slice(0, foreign < 0 ? upgrading || undefined : foreign)
  assert.deepEqual(
    whole,
    expected.map((request) => [`${lineOf(request)} 1.1`, request.body]),
  )
  assert.equal(refusal, foreign < 0 ? undefined : 'HPE_INVALID_METHOD')
}

test('what a client sends is refused, or reaches a server once, in one way to read it', async (t) => {
  const stage = await Stage.open(t, echo)
  for (const [title, cases] of Object.entries(requestCases)) {
    for (const item of cases) {
      for (const [manner, cut] of Object.entries(manners)) {
        await t.test(`${title}: ${item.name}, ${manner}`, () => runRequest(stage, item, cut(item.send)))
      }
    }
  }
  await t.test('each request that a server got can be read in one way, and Node reads it so', async () => {
    assert.ok(stage.recorder.requests.length > 300)
    const reader = new NodeRequestReader()
    for (const recording of stage.recorder.recordings) {
      for (const request of recording.requests) assertUnambiguous(request)
      await assertReadAlike(recording, reader)
    }
  })
})

async function runResponse(stage: Stage, { method, outcome, keeps }: ResponseCase): Promise<void> {
  const client = await stage.connect()
  client.send(`${method} /case HTTP/1.1\r\nHost: a.test\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`)
  if (outcome === 'broken') await assertBroken(client)
  else {
    const response = await readFinal(client, method)
    assert.equal(response.status, outcome.status)
    if (outcome.status !== 502) assert.equal(response.body, outcome.body)
    // Nothing more of what the server sent may come before, or for, the next answer.
    client.send('GET /next HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')
    if (response.get('connection') !== 'close') assert.equal((await readResponse(client)).body, 'GET /next')
    assert.equal(await client.rest(), '')
  }
  client.close()
  await stage.checkBystander()
  assert.equal(wasReused(stage.recorder), keeps, 'whether the connection to the server went on')
}

/** Whether the connection on which the last case came brought another request after it. */
function wasReused({ recordings }: Recorder): boolean {
  const recording = recordings.findLast(({ requests }) => requests.some((request) => lineOf(request).endsWith('/case')))
  return recording !== undefined && !lineOf(recording.requests.at(-1)!).endsWith('/case')
}

/** The last response, after any informational ones. */
async function readFinal(client: Wire, method: string): Promise<HttpMessage> {
  for (;;) {
    const response = await readResponse(client, method)
    if (response.status >= 200) return response
  }
}

/** The client gets a beginning, and can't take it for a whole response. */
async function assertBroken(client: Wire): Promise<void> {
  await client.ending()
  const { pending } = client
  if (pending.startsWith('HTTP/1.1 502 ')) return
  assert.match(pending, /^HTTP\/1\.1 200 OK\r\n/)
  assert.doesNotMatch(pending, /0\r\n\r\n$/, 'a last chunk')
  const length = /\r\nContent-Length: (\d+)\r\n/.exec(pending)?.[1]
  if (length !== undefined) assert.ok(pending.length - pending.indexOf('\r\n\r\n') - 4 < Number(length), 'a whole body')
}

test('what a server sends is withheld, or reaches its own client once, and nothing reaches another one', async (t) => {
  let answer: Answer = { pieces: [], ends: false }
  const stage = await Stage.open(t, (request) => (lineOf(request).endsWith('/case') ? answer : echo(request)))
  for (const [title, cases] of Object.entries(responseCases)) {
    for (const item of cases) {
      for (const [manner, cut] of Object.entries(manners)) {
        // What comes later than its response meets an idle connection: a test of its own.
        if (manner !== 'at once' && (cases === surplus || cases === bodyless)) continue
        await t.test(`${title}: ${item.name}, ${manner}`, () => {
          answer = { pieces: cut(item.send), ends: item.ends }
          return runResponse(stage, item)
        })
      }
    }
  }
})

test('what a server sends while nobody asks ends its connection, and reaches nobody', async (t) => {
  const origin = await RawOrigin.listen(t)
  const { port } = await ownBind.start(t, { s1: origin.address }, telling)
  const client = await connect(t, { port })
  for (const late of ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged', 'HTTP/1.1 408 Late\r\n\r\n', '\r\n', 'x']) {
    client.send('GET /asked HTTP/1.1\r\nHost: a.test\r\n\r\n')
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    assert.equal((await readResponse(client)).body, 'ok')
    wire.send(late)
    await wire.ending()
  }
  assert.equal(client.pending, '')
})

test('what is left of a request whose answer came early reaches no server as a request', async (t) => {
  const origin = await RawOrigin.listen(t)
  const { port } = await ownBind.start(t, { s1: origin.address }, telling)
  for (const [framing, body] of [
    [`Content-Length: ${smuggled.length}`, smuggled],
    ['Transfer-Encoding: chunked', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
  ] as const) {
    const client = await connect(t, { port })
    client.send(`POST /early HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n\r\n`)
    const first = await origin.accept()
    await readHead(first)
    first.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly')
    assert.equal((await readResponse(client)).body, 'early')
    client.send(`${body}GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n`)
    const { request, wire } = await origin.receive()
    assert.deepEqual([lineOf(request), wire === first, first.pending], ['GET /next', false, ''])
    assert.equal(await first.ending(), 'end')
    wire.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnext')
    assert.equal((await readResponse(client)).body, 'next')
  }
})
