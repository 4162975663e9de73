import type { Address } from '../util/address.js'

/** A server as it is connected to. */
export interface Target {
  readonly address: Address
}
