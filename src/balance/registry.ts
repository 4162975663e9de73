import { OptionError } from '../util/errors.js'
import type { Balancer } from './balancer.js'
import { RoundRobin } from './round-robin.js'

export type BalanceOption = string | Balancer | { readonly algorithm: string }

export function createBalancer(value: unknown, path: string): Balancer {
  if (typeof value === 'object' && value !== null && 'pick' in value) return value as Balancer
  if (value === undefined) throw new OptionError(path, value, 'an algorithm')
  return new RoundRobin()
}
