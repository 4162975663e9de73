import type { TestContext } from 'node:test'
import type { Balancer, Condition, WholeConfig } from '../../src/index.js'
import { RawOrigin } from './raw-origin.js'
import { Trial } from './trial.js'

export function boom(): never {
  throw new Error('boom')
}

export const rejects = () => Promise.reject(new Error('boom'))

/** A configuration with a route `/broken` that something may be wrong with, and one that is well. */
export function config(
  address: string,
  parts: Partial<WholeConfig> = {},
  when?: Condition,
  balance?: Balancer,
): WholeConfig {
  return {
    frontends: {
      main: {
        bind: '127.0.0.1:0',
        routes: [{ backend: 'broken', when: when ?? (({ path }) => path === '/broken') }],
        defaultBackend: 'app',
      },
    },
    backends: {
      app: { servers: { a: address } },
      broken: { servers: { b: address }, ...(balance === undefined ? {} : { balance }) },
    },
    ...parts,
  }
}

/** A proxy with that configuration, before one server. */
export async function stage(t: TestContext, parts: Partial<WholeConfig> = {}, when?: Condition, balance?: Balancer) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, config(origin.address, parts, when, balance))
  return { origin, trial }
}
