import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  type BackendOptions,
  createProxy,
  type ExchangeRecord,
  type FrontendOptions,
  type ServerOptions,
} from '../../src/index.js'
import { Haproxy } from '../support/haproxy.js'
import { Syslog } from '../support/syslog.js'
import { turn, within } from '../support/within.js'

/** What HAProxy and evenkeel are made of, each in its own words. */
export interface Twins {
  /** The servers of the backend `app`, by name. */
  readonly servers: Readonly<Record<string, string>>
  readonly haproxy?: {
    /** Lines for both, of the frontend `web`, and of the backend `app`. */
    readonly defaults?: readonly string[]
    readonly frontend?: readonly string[]
    readonly backend?: readonly string[]
    /** Further sections. */
    readonly sections?: string
    /** What every server line ends with. */
    readonly server?: string
  }
  /** Of each server. HAProxy takes it from `server`. */
  readonly maxConnections?: number
  /** Of single servers, by name: what their line ends with, and their options. */
  readonly each?: Readonly<Record<string, { readonly haproxy: string; readonly own: Partial<ServerOptions> }>>
  readonly frontend?: Omit<FrontendOptions, 'routes' | 'defaultBackend'>
  readonly backend?: Omit<BackendOptions, 'servers'>
}

/** What a log says of an exchange, in words that both have. Timers: -1, or 0 for whatever was measured. */
export interface Entry {
  /** `null`: none was reached. */
  readonly server: string | null
  readonly status: number
  readonly termination: string
  /** TR, Tw, Tc, Tr. */
  readonly timers: readonly number[]
  readonly retries: number
  readonly redispatched: boolean
}

/** One of the two proxies. */
export interface Side {
  readonly name: 'HAProxy' | 'evenkeel'
  readonly port: number
  /** The log's next entry. */
  logged(): Promise<Entry>
  /** Orders a server of `app` into a state. */
  order(server: string, state: 'ready' | 'drain' | 'maintenance'): Promise<void>
  /** How many wait for a server of `app`. */
  queued(server: string): Promise<number>
  /** Gives HAProxy a command; evenkeel has none. */
  command(text: string): Promise<string>
}

/** Starts both in front of the same servers, until the test is over; HAProxy first. */
export async function startBoth(t: TestContext, twins: Twins): Promise<readonly [Side, Side]> {
  return Promise.all([startHaproxy(t, twins), startEvenkeel(t, twins)])
}

async function startHaproxy(t: TestContext, { servers, haproxy = {}, each = {} }: Twins): Promise<Side> {
  const syslog = await Syslog.listen(t)
  const lines = Object.entries(servers).map(
    ([name, address]) =>
      `server ${name} ${address.replace('unix:', 'unix@')} ${haproxy.server ?? ''} ${each[name]?.haproxy ?? ''}`,
  )
  const running = await Haproxy.start(
    t,
    (port) => `
global
  log 127.0.0.1:${syslog.port} local0
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  timeout http-request 5s
  ${haproxy.defaults?.join('\n  ') ?? ''}
frontend web
  bind 127.0.0.1:${port}
  default_backend app
  ${haproxy.frontend?.join('\n  ') ?? ''}
backend app
  ${haproxy.backend?.join('\n  ') ?? ''}
  ${lines.join('\n  ')}
${haproxy.sections ?? ''}
`,
  )
  return {
    name: 'HAProxy',
    port: running.port,
    logged: async () => entryOf(await syslog.next(httplog)),
    queued: async (server) => Number((await running.statistics('app', server)).qcur),
    command: (text) => running.command(text),
    order: async (server, state) => {
      const answer = await running.command(`set server app/${server} state ${state.replace('maintenance', 'maint')}`)
      if (answer !== '') throw new Error(`haproxy refused ${state}: ${answer}`)
    },
  }
}

const httplog =
  /\] \S+ \S+\/(\S+) ([-\d]+)\/([-\d]+)\/([-\d]+)\/([-\d]+)\/\+?\d+ (\S+) \d+ \S+ \S+ (\S{4}) \S+\/(\+?)(\d+) /

function entryOf(line: RegExpExecArray): Entry {
  const [, server, TR, Tw, Tc, Tr, status, termination, redispatched, retries] = line
  return {
    server: server === '<NOSRV>' ? null : server!,
    status: Number(status),
    termination: termination!,
    timers: [TR, Tw, Tc, Tr].map((ms) => Math.min(Number(ms), 0)),
    retries: Number(retries),
    redispatched: redispatched === '+',
  }
}

async function startEvenkeel(
  t: TestContext,
  { servers, maxConnections, frontend, backend, each = {} }: Twins,
): Promise<Side> {
  const records: ExchangeRecord[] = []
  const limited = Object.entries(servers).map(([name, address]) => ({
    name,
    address,
    maxConnections: maxConnections ?? 0,
    ...each[name]?.own,
  }))
  const proxy = createProxy({
    defaults: { timeout: { connect: '2s', client: '5s', server: '5s', httpRequest: '5s' } },
    frontends: {
      web: { bind: '127.0.0.1:0', defaultBackend: 'app', log: (record) => records.push(record), ...frontend },
    },
    backends: { app: { servers: limited, ...backend } },
  })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const bound = proxy.addresses().web![0]!
  const next = async (): Promise<Entry> => {
    while (records.length === 0) await turn()
    return fromRecord(records.shift()!)
  }
  return {
    name: 'evenkeel',
    port: 'port' in bound ? bound.port : 0,
    logged: () => within(next(), () => 'no record in the log of evenkeel'),
    queued: async (server) => proxy.backend('app').server(server).queued,
    command: async (text) => assert.fail(`evenkeel takes no command: ${text}`),
    order: async (server, state) => proxy.backend('app').server(server)[state](),
  }
}

function fromRecord({ server, status, termination, TR, Tw, Tc, Tr, retries, redispatched }: ExchangeRecord): Entry {
  const timers = [TR, Tw, Tc, Tr].map((ms) => Math.min(ms, 0))
  return { server, status, termination, timers, retries, redispatched }
}
