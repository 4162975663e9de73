/**
 * `evenkeel/testing`: what makes tests of an application's proxy fast and repeatable.
 *
 * @module
 */
export { seededRandom } from '../util/random.js'
export { type Distribution, exponential, uniform } from './distributions.js'
export { simulate } from './simulate.js'
export type { TimeSummary } from './simulation/histogram.js'
export type { ServerSummary, SimulationResult } from './simulation/result.js'
export type { ServiceTime, SimulatedFailure, Traffic } from './simulation/traffic.js'
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.js'
