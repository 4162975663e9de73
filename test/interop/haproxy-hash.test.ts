import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBalancer } from '../../src/balance/registry.js'
import { type BalanceOption, header, type Server, source } from '../../src/index.js'
import { seededRandom } from '../../src/util/random.js'
import { connection, exchange } from '../balance/hash/views.js'
import { Pool } from '../balance/pool.js'
import { Haproxy } from '../support/haproxy.js'
import { type ChooserRequest, type ChooserServer, HaproxyChooser } from '../support/haproxy-chooser.js'
import { Loopback } from '../support/loopback.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'

/** How many keys each case is asked for. */
const keys = 2000
const random = seededRandom(20_241_121)

function below(limit: number): number {
  return Math.floor(random.next() * limit)
}

function oneOf<T>(...choices: readonly T[]): T {
  return choices[below(choices.length)]!
}

function many(make: (number: number) => ChooserRequest): ChooserRequest[] {
  return Array.from({ length: keys }, (_, number) => make(number))
}

// -- Requests -----------------------------------------------------------------------------------------------------------

function anyPath(): string {
  const part = () => `${oneOf('a', 'img', 'static', 'user', 'index.html', '%2F')}${below(100)}`
  return `/${Array.from({ length: 1 + below(5) }, part).join(oneOf('/', '/', '//'))}`
}

/** A target in one of its forms, with the Host field that HAProxy wants to see with it. */
function anyTarget(): ChooserRequest {
  const authority = oneOf('', '', '', 'a.test', 'a.test:8080')
  const query = oneOf('', '', '?', `?q=${below(1000)}`, `?a=/x/${below(100)}/y`)
  const target = `${authority === '' ? '' : `http://${authority}`}${anyPath()}${query}`
  return { target, fields: [`Host: ${authority || 'a.test'}`] }
}

function anyAddress(): string {
  if (below(3) > 0) return [10, below(256), below(256), below(256)].join('.')
  return `2001:db8:${Array.from({ length: 6 }, () => below(65_536).toString(16)).join(':')}`
}

/** The value of a field, as latin1 text: what is beyond ASCII comes as UTF-8. */
function anyValue(number: number): string {
  const value = oneOf(`user-${number}`, `${number}`, Buffer.from(`grüße ${number} 漢字`).toString('latin1'))
  return oneOf(value, `${value}, other`, `"a, ${value}", other`)
}

function anyHost(number: number): string {
  return oneOf(`h.d${number}.com`, `d${number}.com`, `www.d${number}.co.uk:8080`, `h${number}`, `10.0.${number}.1`)
}

function anyForm(number: number): string {
  const value = `id=${oneOf(`${number}`, `${number}/x`, `${number};y`, '', `=${number}`)}`
  return oneOf(value, `x=1&${value}&id=2`, `noid=3&${value}`, `a&b=&${value}`, `&&${value}`)
}

const targets = many(anyTarget)
const sources = many(() => ({ source: anyAddress() }))
const values = many((number) => ({ fields: ['Host: a.test', `X-Key: ${anyValue(number)}`] }))
const hosts = many((number) => ({ fields: [`Host: ${anyHost(number)}`] }))
const queries = many((number) => ({ target: `${anyPath()}?${anyForm(number)}` }))
const forms = many((number) => ({
  method: 'POST',
  target: oneOf('/', '/', `/?id=${number}`, '/?x=1'),
  // As a value, so that nobody goes in turn: connections would share the turns in an order of their own.
  body: `${oneOf('', 'x=1&')}id=${oneOf(`${number}`, `${number}%20x`, `u-${number}&id=2`)}`,
}))

// -- Cases --------------------------------------------------------------------------------------------------------------

interface Case {
  /** HAProxy's `balance` and `hash-type`. */
  readonly balance: string
  readonly hashType: string
  readonly own: BalanceOption
  readonly requests: readonly ChooserRequest[]
}

type Input = Omit<Case, 'hashType'>

const uri: Input = { balance: 'uri', own: { algorithm: 'uri' }, requests: targets }
const inputs: readonly Input[] = [
  uri,
  { balance: 'uri whole', own: { algorithm: 'uri', whole: true }, requests: targets },
  { balance: 'uri len 12 depth 3', own: { algorithm: 'uri', length: 12, depth: 3 }, requests: targets },
  { balance: 'uri path-only depth 2', own: { algorithm: 'uri', pathOnly: true, depth: 2 }, requests: targets },
  {
    balance: 'uri whole path-only len 20',
    own: { algorithm: 'uri', whole: true, pathOnly: true, length: 20 },
    requests: targets,
  },
  { balance: 'source', own: { algorithm: 'source' }, requests: sources },
  { balance: 'url_param id', own: { algorithm: 'urlParam', name: 'id' }, requests: queries },
  { balance: 'url_param id check_post', own: { algorithm: 'urlParam', name: 'id', checkPost: true }, requests: forms },
  { balance: 'hdr(X-Key)', own: { algorithm: 'header', name: 'x-key' }, requests: values },
  {
    balance: 'hdr(host) use_domain_only',
    own: { algorithm: 'header', name: 'Host', useDomainOnly: true },
    requests: hosts,
  },
  { balance: 'hash src', own: { algorithm: 'hash', key: source }, requests: sources },
  { balance: 'hash req.hdr(x-key)', own: { algorithm: 'hash', key: header('x-key') }, requests: values },
  {
    balance: 'hash req.hdr(x-key),length',
    own: { algorithm: 'hash', key: (exchange) => header('x-key').value(exchange)?.length },
    requests: values,
  },
]

/** A `hash-type` in HAProxy's words, and the same in ours. */
function withType(input: Input, hashType: string, more: object = {}): Case {
  const [method, name, avalanche] = hashType.split(' ')
  const type = { method, ...(name && { function: name }), ...(avalanche && { avalanche: true }) }
  return { ...input, hashType, own: { ...(input.own as object), hashType: type, ...more } as BalanceOption }
}

const methods = ['map-based', 'consistent']
const types = methods.flatMap((method) =>
  ['sdbm', 'djb2', 'wt6', 'crc32'].flatMap((name) => [`${method} ${name}`, `${method} ${name} avalanche`]),
)

const cases: readonly Case[] = [
  ...inputs.flatMap((input) => methods.map((method) => withType(input, method))),
  ...types.map((type) => withType(uri, type)),
]

const equal: readonly ChooserServer[] = Array.from({ length: 7 }, () => ({}))
const unequal: readonly ChooserServer[] = [
  { weight: 3 },
  { weight: 1, id: 40 },
  { weight: 12, id: 7 },
  { weight: 5 },
  { weight: 9, id: 1_000_000 },
]

function makePool(own: BalanceOption, servers: readonly ChooserServer[]): Pool {
  return new Pool(
    createBalancer(own, 'balance'),
    servers.map(({ refuses, ...server }) => server),
  )
}

function viewOf({ method, target, fields = [], source, body }: ChooserRequest) {
  const pairs = fields.flatMap((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])
  return exchange({
    ...(method && { method }),
    ...(target && { target }),
    ...(source && { source }),
    ...(body && { payload: body }),
    fields: pairs,
  })
}

function choose(pool: Pool, requests: readonly ChooserRequest[]): string {
  return requests.map((request) => pool.pick(undefined, viewOf(request))?.name ?? '-').join('')
}

function assertSame(ours: string, theirs: string, requests: readonly ChooserRequest[]): void {
  const at = requests.findIndex((_, index) => ours[index] !== theirs[index])
  if (at >= 0) assert.fail(`${JSON.stringify(requests[at])}: HAProxy chose ${theirs[at]}, we ${ours[at]}`)
  assert.equal(ours.length, keys)
}

test('hashes against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const all = cases.flatMap((kind) => [equal, unequal].map((servers) => ({ ...kind, servers })))
  const chooser = await HaproxyChooser.start(
    t,
    all.map(({ balance, hashType, servers }) => ({ lines: [`balance ${balance}`, `hash-type ${hashType}`], servers })),
  )
  for (const [index, { balance, hashType, servers, own, requests }] of all.entries()) {
    const claim = `${balance}, ${hashType}, ${servers === equal ? 'equal' : 'unequal'} weights, a server down and back`
    await t.test(claim, async () => {
      const pool = makePool(own, servers)
      for (const order of ['ready', 'maintenance', 'ready'] as const) {
        pool.get('c')[order]()
        await chooser[order](index, 'c')
        assertSame(choose(pool, requests), await chooser.choose(index, requests), requests)
      }
    })
  }
})

// -- Turns, weights, backups, failures, loads ---------------------------------------------------------------------------

test('source against HAProxy, from the addresses of real clients', { skip: skipWithout('haproxy') }, async (t) => {
  const balances = methods.map((method) =>
    withType({ ...uri, balance: 'source', own: { algorithm: 'source' } }, method),
  )
  const lines = balances.map(({ hashType }) => ({
    lines: ['balance source', `hash-type ${hashType}`],
    servers: unequal,
  }))
  const chooser = await HaproxyChooser.start(t, lines)
  const pools = balances.map(({ own }) => makePool(own, unequal))
  for (let number = 1; number <= 100; number++) {
    const address = `127.0.${below(256)}.${number}`
    for (const [index, pool] of pools.entries()) {
      assert.equal(choose(pool, [{ source: address }]), await chooser.chooseInTurn(index, [{}], address), address)
    }
  }
})

test('turns of what has no key, against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const backends = methods.map((method) => ({ lines: ['balance hdr(x-key)', `hash-type ${method}`], servers: unequal }))
  const chooser = await HaproxyChooser.start(t, backends)
  for (const [index, method] of methods.entries()) {
    await t.test(method, async () => {
      const pool = makePool({ algorithm: 'header', name: 'x-key', hashType: method as 'consistent' }, unequal)
      for (let step = 0; step < 60; step++) {
        const requests = Array.from({ length: 1 + below(20) }, () => ({}))
        assert.equal(choose(pool, requests), await chooser.chooseInTurn(index, requests), `step ${step}`)
        const { name, administrative } = pool.servers[below(unequal.length)]!
        const order = administrative === 'ready' ? 'maintenance' : 'ready'
        // With one left there are no turns: HAProxy's stand still then, ours go on.
        if (order === 'maintenance' && pool.servers.filter(({ isUsable }) => isUsable).length === 2) continue
        pool.get(name)[order]()
        await chooser[order](index, name)
      }
    })
  }
})

test('weights that change on a ring, against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const chooser = await HaproxyChooser.start(t, [{ lines: ['balance uri', 'hash-type consistent'], servers: unequal }])
  const pool = makePool({ algorithm: 'uri', hashType: 'consistent' }, unequal)
  const some = targets.slice(0, 200)
  for (let step = 0; step < 60; step++) {
    const server = pool.servers[below(unequal.length)]!
    const weight = 1 + below(oneOf(4, 30, 256))
    server.weight = weight
    await chooser.weigh(0, server.name, weight)
    assert.equal(choose(pool, some), await chooser.choose(0, some), `step ${step}`)
  }
})

test('backup servers against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const servers = [{ weight: 2 }, { weight: 3, backup: true }, {}, { backup: true }, { weight: 7, backup: true }]
  const backends = methods.map((method) => ({
    lines: ['balance uri', `hash-type ${method}`, 'option allbackups'],
    servers,
  }))
  const chooser = await HaproxyChooser.start(t, backends)
  for (const [index, method] of methods.entries()) {
    const pool = makePool({ algorithm: 'uri', hashType: method as 'consistent' }, servers)
    for (const [name, order] of [
      ['a', 'maintenance'],
      ['c', 'maintenance'],
      ['d', 'maintenance'],
      ['d', 'ready'],
      ['a', 'ready'],
    ] as const) {
      pool.get(name)[order]()
      await chooser[order](index, name)
      assertSame(choose(pool, targets), await chooser.choose(index, targets), targets)
    }
  }
})

test('a server that refuses is avoided on a ring as HAProxy does', { skip: skipWithout('haproxy') }, async (t) => {
  const servers = [{ weight: 2 }, { weight: 8, refuses: true }, {}, { weight: 4 }]
  const chooser = await HaproxyChooser.start(t, [{ lines: ['balance uri', 'hash-type consistent'], servers }])
  const pool = makePool({ algorithm: 'uri', hashType: 'consistent' }, servers)
  const refusing = pool.get('b')
  const ours = targets.map((request) => {
    const first = pool.pick(undefined, viewOf(request))
    return (first === refusing ? pool.pick(refusing, viewOf(request)) : first)?.name
  })
  assertSame(ours.join(''), await chooser.choose(0, targets), targets)
})

test('RDP cookies against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const weights = [3, 1, 4]
  const ports = await Promise.all(
    weights.map(async (_, index) => {
      const name = String.fromCharCode(97 + index)
      const { address } = await Loopback.listen(t, (socket) => socket.end(name))
      return 'port' in address ? address.port : assert.fail()
    }),
  )
  const servers = ports.map((port, index) => {
    return `server ${String.fromCharCode(97 + index)} 127.0.0.1:${port} weight ${weights[index]}`
  })
  const haproxy = await Haproxy.start(
    t,
    (port) => `defaults
  mode tcp
  timeout connect 10s
  timeout client 10s
  timeout server 10s
listen rdp
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.rdp_cookie_cnt gt 0 }
  balance rdp-cookie
  hash-type consistent
  ${servers.join('\n  ')}
`,
  )
  const pool = makePool(
    { algorithm: 'rdpCookie', hashType: 'consistent' },
    weights.map((weight) => ({ weight })),
  )
  for (let number = 0; number < 50; number++) {
    const user = oneOf(`user${number}`, `DOMAIN\\user${number}`, `${number}.15629.0000`)
    const payload = `\u0003\u0000\u0000\u002b\u0026\u00e0\u0000\u0000\u0000\u0000\u0000Cookie: ${oneOf('mstshash', 'MSTSHASH')}=${user}\r\n`
    const client = await connect(t, { port: haproxy.port })
    client.send(payload)
    assert.equal(pool.pick(undefined, connection({ payload }))?.name, await client.bytes(1), user)
    client.close()
  }
})

const bounds = [
  { factor: 125, servers: equal },
  { factor: 110, servers: unequal },
  { factor: 101, servers: unequal },
]

test('bounded loads against HAProxy', { skip: skipWithout('haproxy') }, async (t) => {
  const backends = bounds.map(({ factor, servers }) => ({
    lines: ['balance uri', 'hash-type consistent', `hash-balance-factor ${factor}`],
    servers,
  }))
  const chooser = await HaproxyChooser.start(t, [...backends, ...backends])
  for (const [index, { factor, servers }] of bounds.entries()) {
    const own = { algorithm: 'uri', hashType: 'consistent', hashBalanceFactor: factor } as const
    await t.test(`factor ${factor}, one request after the other`, async () => {
      assertSame(choose(makePool(own, servers), targets), await chooser.chooseInTurn(index, targets), targets)
    })
    await t.test(`factor ${factor}, through random events`, () =>
      runLoads(makePool(own, servers), chooser, bounds.length + index),
    )
  }
})

/** Begins and ends requests that last, and takes servers down and back, for both; compares where each went. */
async function runLoads(pool: Pool, chooser: HaproxyChooser, backend: number): Promise<void> {
  const held: { server: Server; release: () => Promise<string> }[] = []
  const end = async (index: number) => {
    const [{ server, release } = assert.fail()] = held.splice(index, 1)
    server.release()
    assert.equal(server.name, await release())
  }
  for (let event = 0; event < 120; event++) {
    const kind = random.next()
    const server = pool.servers[below(pool.servers.length)]!
    if (kind < 0.55) {
      const request = { target: `/${below(12)}` }
      const chosen = pool.pick(undefined, viewOf(request)) ?? assert.fail()
      pool.occupy(chosen)
      held.push({ server: chosen, release: await chooser.hold(backend, request) })
    } else if (kind < 0.8) {
      if (held.length > 0) await end(below(held.length))
    } else if (kind < 0.9) {
      const weight = 1 + below(20)
      server.weight = weight
      await chooser.weigh(backend, server.name, weight)
    } else if (server.administrative !== 'ready' || pool.servers.filter(({ isUsable }) => isUsable).length > 1) {
      const order = server.administrative === 'ready' ? 'maintenance' : 'ready'
      server[order]()
      await chooser[order](backend, server.name)
    }
  }
  while (held.length > 0) await end(0)
}
