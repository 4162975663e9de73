import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { carrierLimits } from '../src/carrier-limits.js'
import { backendEventNames } from '../src/core/backend.js'
import type { BackendOptions } from '../src/core/backend-options.js'
import type { CheckOptions } from '../src/core/check-options.js'
import type { FrontendOptions } from '../src/core/frontend-options.js'
import { outcomes } from '../src/core/outcome.js'
import type { ServerOptions } from '../src/core/server.js'
import type { WholeConfig } from '../src/create-proxy.js'
import {
  Backend,
  createProxy,
  Frontend,
  HealthCheck,
  OptionError,
  Server,
  StickyTable,
  source,
  TlsContext,
  type TlsOptions,
} from '../src/index.js'
import { selfSigned } from './support/certificate.js'

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const markdown = read('README.md')

/** The rows of the tables under a heading, as cells without their backticks. */
function rowsUnder(heading: string): string[][] {
  const [, section] = markdown.split(new RegExp(`^#+ ${heading}$`, 'm'))
  assert.ok(section !== undefined, `there is a heading ${heading}`)
  const rows = section.split(/^#+ /m)[0]!.matchAll(/^\| (.*) \|$/gm)
  return [...rows].map(([, cells]) => cells!.split(/ ?\| ?/).map((cell) => cell.replaceAll('`', '').trim()))
}

function namesUnder(heading: string): string[] {
  return rowsUnder(heading)
    .filter(([name]) => !/^(option|---)/.test(name!))
    .map(([name]) => name!)
}

const nonsense = { nonsense: true }
const own = selfSigned('a.test')

/** The options that are known where `make` gives an unknown one. */
function knownBy(make: () => unknown): string[] {
  try {
    make()
  } catch (error) {
    if (error instanceof OptionError && error.path.endsWith('nonsense'))
      return error.expected.split('known here: ')[1]!.split(', ')
    throw error
  }
  assert.fail('an unknown option was taken')
}

const check = (options: object): HealthCheck => new HealthCheck(options as CheckOptions)
const server = (options: object): Server => new Server('a', { address: 'a:1', ...options } as ServerOptions)
const frontend = (options: object): Frontend => new Frontend('main', options as FrontendOptions)
const backend = (options: object): Backend => new Backend('app', options as BackendOptions)
const whole = (options: object): unknown => createProxy({ frontends: {}, ...options } as WholeConfig)

const tables: Readonly<Record<string, () => string[]>> = {
  Proxy: () => knownBy(() => whole(nonsense)),
  // Where a frontend listens is known to createProxy alone.
  Frontend: () => ['bind', ...knownBy(() => frontend(nonsense))],
  bind: () => knownBy(() => createProxy({ bind: { address: 0, ...nonsense }, servers: [] })),
  'tls of a bind': () => knownBy(() => new TlsContext({ certificates: own, ...nonsense } as TlsOptions)),
  certificates: () => knownBy(() => new TlsContext({ certificates: { ...own, ...nonsense } })),
  http2: () => knownBy(() => frontend({ http2: nonsense })),
  forwardFor: () => knownBy(() => frontend({ forwardFor: nonsense })),
  Backend: () => knownBy(() => backend(nonsense)),
  retryBudget: () => knownBy(() => new Backend('app', { retryBudget: nonsense as object })),
  Server: () => knownBy(() => server(nonsense)),
  sendProxy: () => knownBy(() => server({ sendProxy: nonsense })),
  'tls of a server': () => knownBy(() => server({ tls: nonsense })),
  cookie: () => knownBy(() => backend({ cookie: { name: 'S', mode: 'insert', ...nonsense } })),
  appSession: () => knownBy(() => backend({ appSession: { name: 'S', length: 1, timeout: 1, ...nonsense } })),
  stick: () =>
    knownBy(() => backend({ stick: [{ on: source, table: new StickyTable({ type: 'ip', size: 1 }), ...nonsense }] })),
  check: () => knownBy(() => check(nonsense)),
  http: () => knownBy(() => check({ http: nonsense })),
  stats: () => knownBy(() => whole({ stats: { bind: 0, ...nonsense } })),
}

for (const [heading, known] of Object.entries(tables)) {
  test(`the table of options under ${heading} has every option that there is, and no other`, () => {
    assert.deepEqual(namesUnder(heading).sort(), known().sort())
  })
}

test('the table of balancing algorithms has every name', () => {
  const known = (error: unknown): boolean => {
    assert.ok(error instanceof OptionError)
    const names = [...error.expected.matchAll(/'([\w-]+)'/g)].map(([, name]) => name!)
    assert.deepEqual(namesOf('Choosing a server', 'name').sort(), names.sort())
    return true
  }
  assert.throws(() => new Backend('app', { balance: 'nonsense' } as object), known)
})

test('the time limits have the defaults that their table says', () => {
  const { timeout: entering } = new Frontend('a').settings
  const { timeout: serving } = new Backend('a', { timeout: { connect: 4321 } }).settings
  const { timeout: usual } = new Backend('a').settings
  assert.equal(serving.queue, serving.connect)
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }
  const real: Readonly<Record<string, number>> = { ...entering, ...usual }
  const seen: string[] = []
  for (const [name, , fallback] of rowsUnder('Time limits')) {
    const [, limit] = /^timeout\.(\w+)$/.exec(name!) ?? []
    if (limit === undefined) continue
    seen.push(limit)
    const [count, unit] = fallback!.split(' ')
    assert.equal(count === 'as' ? real[unit!] : Number(count) * units[unit!]!, real[limit], limit)
  }
  assert.deepEqual(seen.sort(), Object.keys(real).sort())
})

test('the table of events has every event', () => {
  assert.deepEqual(
    namesOf('Events', 'event').sort(),
    [...backendEventNames, 'connection:refused', 'listening', 'close', 'fault'].sort(),
  )
})

test('the table of failures has every kind, with the status that clients get', () => {
  const rows = rowsUnder('The log').filter(([kind]) => kind! in outcomes)
  const told = Object.fromEntries(rows.map(([kind, status]) => [kind, status]))
  // Nobody is left to get a status, or the response has begun.
  const without = ['client-aborted', 'server-lost']
  const real = Object.entries(outcomes).map(([kind, { status }]) => [
    kind,
    without.includes(kind) ? '' : String(status),
  ])
  assert.deepEqual(told, Object.fromEntries(real))
})

test('every status that a page can be given for is named', () => {
  const [, statuses] = /Statuses that can be replaced: ([\d, ]+)\./.exec(markdown)!
  assert.throws(
    () => frontend({ errorFiles: { 299: { body: '' } } }),
    (error: unknown) => error instanceof OptionError && error.expected === `one of ${statuses}`,
  )
})

test('the table of limits is that of the carriers', () => {
  const told = rowsUnder('Limits').slice(2)
  const plain = (text: string): string => text.replaceAll('`', '')
  assert.deepEqual(
    told.map(([, reason, instead]) => ({ reason, instead })),
    carrierLimits.map(({ reason, instead }) => ({ reason: plain(reason), instead: plain(instead) })),
  )
})

test('the table of log fields has every field of a record', () => {
  const declared = [...read('src/core/exchange-record.ts').matchAll(/^ {2}readonly (\w+): /gm)].map(([, name]) => name!)
  const told = rowsUnder('The log').flatMap(([names]) => names!.split(', '))
  assert.ok(declared.length > 15)
  for (const name of declared) assert.ok(told.includes(name), name)
})

test('the table of errors has every code', () => {
  const declared = read('src/util/errors.ts').matchAll(/^ {2}\| '(ERR_EVENKEEL_\w+)'$/gm)
  assert.deepEqual(namesOf('Errors', 'code').sort(), [...declared].map(([, code]) => code!).sort())
})

function namesOf(heading: string, head: string): string[] {
  return rowsUnder(heading)
    .map(([name]) => name!)
    .filter((name) => name !== head && name !== '---')
}

test('every link within the README has its heading', () => {
  const slugs = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, target] of markdown.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(slugs.includes(target!), target)
})
