import { aborts } from './behaviours/aborts.js'
import { backPressure } from './behaviours/back-pressure.js'
import { badServers } from './behaviours/bad-servers.js'
import { connect } from './behaviours/connect.js'
import { connectionModes } from './behaviours/connection-modes.js'
import { connections } from './behaviours/connections.js'
import { earlyResponses } from './behaviours/early-responses.js'
import { forwarding } from './behaviours/forwarding.js'
import { headLimits } from './behaviours/head-limits.js'
import { persistence } from './behaviours/persistence.js'
import { refusals } from './behaviours/refusals.js'
import { requestBodies } from './behaviours/request-bodies.js'
import { requestHeads } from './behaviours/request-heads.js'
import { responseBodies } from './behaviours/response-bodies.js'
import { responseHeads } from './behaviours/response-heads.js'
import { timeLimits } from './behaviours/time-limits.js'
import { upgrades } from './behaviours/upgrades.js'
import type { Behaviour } from './scene.js'

/** Everything that holds for HTTP whatever carries it. */
export const behaviours: readonly Behaviour[] = [
  ...requestHeads,
  ...responseHeads,
  ...forwarding,
  ...requestBodies,
  ...responseBodies,
  ...connections,
  ...connectionModes,
  ...connect,
  ...earlyResponses,
  ...upgrades,
  ...aborts,
  ...backPressure,
  ...badServers,
  ...persistence,
  ...refusals,
  ...headLimits,
  ...timeLimits,
]
