import type { Random } from '../util/random.js'

/** Gives one number after the other, such as the milliseconds that each request takes. */
export type Distribution = (random: Random) => number

/**
 * Numbers of that mean, most of them small and a few large, as the times between independent events are. A server whose
 * service time is so is the one of the textbooks' M/M/c queues.
 */
export function exponential(mean: number): Distribution {
  return (random) => -mean * Math.log(1 - random.next())
}

/** Numbers from `least` to `most`, all equally likely. */
export function uniform(least: number, most: number): Distribution {
  return (random) => least + (most - least) * random.next()
}
