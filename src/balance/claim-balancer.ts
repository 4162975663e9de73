import { OptionError } from '../util/errors.js'
import type { Balancer } from './balancer.js'
import { createBalancer } from './registry.js'

/** Balancers that serve a backend: each knows the servers of one. */
const claimed = new WeakSet<Balancer>()

/** Makes the balancer that a `balance` option asks for, for one backend alone. */
export function claimBalancer(value: unknown, path: string): Balancer {
  const balancer = createBalancer(value, path)
  if (claimed.has(balancer)) {
    throw new OptionError(path, value, 'a balancer of its own: this one serves a backend already')
  }
  claimed.add(balancer)
  return balancer
}
