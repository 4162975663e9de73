/**
 * `evenkeel/testing`: what makes tests of an application's proxy fast and repeatable.
 *
 * @module
 */
export { seededRandom } from '../util/random.js'
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.js'
