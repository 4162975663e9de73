import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createProxy, seededRandom } from '../../src/index.js'
import { Haproxy } from '../support/haproxy.js'
import { skipWithout } from '../support/programs.js'
import { within } from '../support/within.js'

const skip = skipWithout('haproxy')
const timeout = 30_000

/** A server's answers to its checks, one after the other. */
interface Course {
  readonly rise: number
  readonly fall: number
  /** `.`: 200, `x`: 500, `o`: it hangs up. After the last one it answers 200. */
  readonly answers: string
}

const courses: readonly Course[] = [
  { rise: 2, fall: 3, answers: '.....xxxxxx......' },
  { rise: 2, fall: 3, answers: 'x.x..xx.xx.xxx.x..x...' },
  { rise: 1, fall: 1, answers: '..x.xx..x.' },
  ...[
    [2, 3],
    [3, 2],
    [1, 4],
    [5, 1],
  ].map(([rise, fall], seed) => ({ rise: rise!, fall: fall!, answers: randomAnswers(seed) })),
]

function randomAnswers(seed: number): string {
  const random = seededRandom(seed)
  return Array.from({ length: 60 }, () => '...xxo'[Math.floor(random.next() * 6)]).join('')
}

/** Answers the checks of every course, and notes what the prober thought of the server when it asked. */
class CheckedServer {
  /** For each prober and course, `name/index`, the server's state at each check. */
  readonly states = new Map<string, string[]>()
  #wake = (): void => {}

  constructor(readonly stateOf: (prober: string, course: number, request: IncomingMessage) => string) {}

  answer(request: IncomingMessage, response: ServerResponse): void {
    const [, prober = '', index = ''] = request.url!.split('/')
    const states = this.states.get(`${prober}/${index}`) ?? []
    this.states.set(`${prober}/${index}`, states)
    const answer = courses[Number(index)]!.answers[states.length] ?? '.'
    states.push(this.stateOf(prober, Number(index), request))
    this.#wake()
    if (answer === 'o') return void request.socket.destroy()
    response.writeHead(answer === '.' ? 200 : 500).end()
  }

  /** Resolves when every course is through, for every prober. */
  async done(probers: number): Promise<void> {
    const isDone = (): boolean =>
      this.states.size === probers * courses.length &&
      [...this.states].every(([key, { length }]) => length > courses[Number(key.split('/')[1])]!.answers.length)
    const through = async (): Promise<void> => {
      while (!isDone()) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    await within(through(), () => `not all checks came: ${[...this.states].map(([key, { length }]) => [key, length])}`)
  }
}

async function listen(t: TestContext, checked: CheckedServer): Promise<string> {
  const server = createServer((request, response) => checked.answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startHaproxy(t: TestContext, address: string): Promise<void> {
  const backends = courses.map(
    ({ rise, fall }, index) => `
backend b${index}
  option httpchk GET /haproxy/${index}
  http-check send-state
  server s ${address} check inter 10 rise ${rise} fall ${fall}`,
  )
  await Haproxy.start(
    t,
    (port) => `
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout check 1s
frontend web
  bind 127.0.0.1:${port}
${backends.join('\n')}
`,
  )
}

test('the same checks take a server of HAProxy and of evenkeel through the same states', {
  skip,
  timeout,
}, async (t) => {
  const checked = new CheckedServer((prober, course, request) =>
    prober === 'haproxy' ? stateSent(request) : proxy.server(`b${course}/s`).status,
  )
  const address = await listen(t, checked)
  const proxy = createProxy({
    frontends: { web: { bind: '127.0.0.1:0' } },
    backends: Object.fromEntries(
      courses.map(({ rise, fall }, index) => [
        `b${index}`,
        {
          servers: { s: address },
          check: { http: { path: `/evenkeel/${index}` }, interval: '10ms', timeout: '1s', rise, fall },
        },
      ]),
    ),
  })
  await Promise.all([startHaproxy(t, address), proxy.listen()])
  t.after(() => proxy.close({ timeout: 1 }))
  await checked.done(2)
  for (const [index, { answers, rise, fall }] of courses.entries()) {
    const [own, haproxy] = ['evenkeel', 'haproxy'].map((prober) =>
      checked.states.get(`${prober}/${index}`)!.slice(0, answers.length + 1),
    )
    assert.deepEqual(own, haproxy, `rise ${rise}, fall ${fall}, ${answers}`)
  }
  // The first course in numbers: down at the check after the third failure, up at the one after the second success.
  const states = checked.states.get('evenkeel/0')!
  const down = states.indexOf('DOWN')
  assert.deepEqual([down, states.indexOf('UP', down)], [5 + 3, 5 + 6 + 2])
})

/** HAProxy's word for the server's state, which it sends along with each check. */
function stateSent({ headers }: IncomingMessage): string {
  return String(headers['x-haproxy-server-state']).split(';')[0]!
}
