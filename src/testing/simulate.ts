import { createProxy, Frontend, type ProxyConfig } from '../index.js'
import { OptionError } from '../util/errors.js'
import { seededRandom } from '../util/random.js'
import type { SimulationResult } from './simulation/result.js'
import { Simulation } from './simulation/simulation.js'
import { readTraffic, type Traffic, type TrafficSettings, trafficPath } from './simulation/traffic.js'
import { VirtualClock } from './virtual-clock.js'

/**
 * Lets traffic pass through a proxy without a socket and without real time, and tells what came of it: who served how
 * much, how long requests waited, whether clients stayed where they were. Everything between the request's head and the
 * response's is the real thing (routes, balancing, queues, retries, time limits, health); clients, servers and their
 * checks are simulated. The same seed gives the same result.
 *
 * `target` is what `createProxy` takes, of which nothing is opened, or a frontend in HTTP mode made on a
 * {@link VirtualClock}; such a one keeps its state, so that the next call goes on from there. The frontend's
 * `maxConnections` and its log have no part in it, as they belong to connections.
 *
 * Throws an {@link OptionError} for a bad or unknown option, a server that is not there or has no service time.
 *
 * @example
 * ```ts
 * const { servers, queueing } = simulate(
 *   { bind: 8080, balance: 'leastconn', servers: { fast: '10.0.0.1:80', slow: '10.0.0.2:80' } },
 *   { rate: 100, duration: '1h', service: { fast: exponential(20), slow: exponential(80) } },
 * )
 * console.log(servers['main/fast']?.share, queueing.p99)
 * ```
 */
export function simulate(target: Frontend | ProxyConfig, traffic: Traffic): SimulationResult {
  const settings = readTraffic(traffic)
  const frontend = target instanceof Frontend ? alone(target, settings) : frontendOf(target, settings)
  const { clock } = frontend
  if (!(clock instanceof VirtualClock)) {
    throw new OptionError('simulate(target).clock', clock, 'a VirtualClock: real time would not pass')
  }
  if (frontend.settings.mode !== 'http') {
    throw new OptionError('simulate(target).mode', frontend.settings.mode, "'http': connections are not simulated")
  }
  return new Simulation(frontend, clock, settings).run()
}

function alone(frontend: Frontend, settings: TrafficSettings): Frontend {
  if (settings.frontend === undefined) return frontend
  throw new OptionError(`${trafficPath}.frontend`, settings.frontend, 'nothing, as the frontend is given')
}

function frontendOf(config: ProxyConfig, { frontend, seed }: TrafficSettings): Frontend {
  const proxy = createProxy({ clock: new VirtualClock(), random: seededRandom(seed), ...config })
  if (frontend !== undefined) return proxy.frontend(frontend)
  const [first] = proxy.frontends
  if (first !== undefined) return first
  throw new OptionError('simulate(target).frontends', {}, 'one frontend or more')
}
