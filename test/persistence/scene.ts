import type { BackendOptions } from '../../src/core/backend-options.js'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { FakeProxy } from '../support/fake-proxy.js'
import type { FakeClient, FakeTry } from '../support/fake-sides.js'

/** A request of a client, of which most say little. */
export interface Visit {
  readonly method?: string
  readonly target?: string
  /** Its Cookie field. */
  readonly cookie?: string
  readonly fields?: readonly string[]
  /** What the server says beside, and with which status. */
  readonly says?: readonly string[]
  readonly status?: number
}

/** What came of it. */
export interface Outcome {
  readonly server: string
  /** The Cookie fields that the server got. */
  readonly cookies: readonly string[]
  /** The Set-Cookie fields that the client got. */
  readonly set: readonly string[]
  readonly cacheControl: readonly string[]
  /** The log's two letters for cookies. */
  readonly letters: string
}

/** A backend of servers `a` and `b`, with cookies `ca` and `cb` where it has one, between fake sides. */
export class Scene extends FakeProxy {
  #client: FakeClient | undefined

  constructor(backend: BackendOptions = {}, clock = new VirtualClock({ start: 1000 })) {
    const cookies = backend.cookie === undefined || backend.cookie.dynamic !== undefined ? [] : ['ca', 'cb']
    const servers = ['a', 'b'].map((name, index) => {
      const cookie = cookies[index]
      return { name, address: `127.0.0.1:${5001 + index}`, ...(cookie === undefined ? {} : { cookie }) }
    })
    super({ backend: { servers, ...backend }, frontend: { mode: backend.mode ?? 'http' }, clock })
  }

  /** A request and its answer. */
  visit(visit: Visit = {}): Outcome {
    const attempt = this.ask(visit)
    respond(attempt, visit.says, visit.status)
    const { fields } = this.#client!
    return {
      server: attempt.server,
      cookies: valuesOf(attempt.fields, 'cookie'),
      set: valuesOf(fields, 'set-cookie'),
      cacheControl: valuesOf(fields, 'cache-control'),
      letters: this.record.termination.slice(2),
    }
  }

  /** A request that its server has yet to answer. */
  ask({ method = 'GET', target = '/', cookie, fields = [] }: Visit = {}): FakeTry {
    const sent = ['Host', 'a.test', ...fields, ...(cookie === undefined ? [] : ['Cookie', cookie])]
    this.#client = this.begin({ method, target, fields: sent }).client
    return this.try.connect()
  }
}

/** Lets a server answer. */
export function respond(attempt: FakeTry, says: readonly string[] = [], status = 200): void {
  const fields = [...says.flatMap((line) => line.split(/: (.*)/).slice(0, 2)), 'Content-Length', '0']
  attempt.listener.serverHead(new RawResponseHead(status, 'x', fields, 'GET'), undefined, true)
}

function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]!.toLowerCase() === name)
}
