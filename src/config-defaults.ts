import { createBalancer } from './balance/registry.js'
import { readBackendSettings } from './core/backend-options.js'
import { readFrontendSettings } from './core/frontend-options.js'
import { readTracking } from './core/tracking.js'
import { errorFile } from './error-file.js'
import { persistenceNames, readPersistence } from './persistence/persistence-options.js'
import { OptionReader } from './util/options.js'

/** Options by name, not read yet. */
export type Values = Readonly<Record<string, unknown>>

/** The options of a frontend that defaults and the short form may set too. */
export const frontendNames = [
  'mode',
  'log',
  'errorFiles',
  'forwardFor',
  'forwardedHeaders',
  'forwarded',
  'via',
  'trustedProxies',
  'httpServerClose',
  'httpClose',
  'maxHeaderBytes',
  'maxHeaders',
  'maxTargetBytes',
  'allowConnect',
  'inspectDelay',
  'track',
]
export const frontendTimeouts = ['client', 'httpRequest', 'httpKeepAlive', 'clientHandshake', 'clientFin']

/** The same of a backend. */
export const backendNames = [
  'mode',
  'balance',
  'allBackups',
  'check',
  'slowStart',
  'maxQueue',
  'fullConnections',
  'retries',
  'redispatch',
  'retryOn',
  'retryMethods',
  'retryUnless',
  'replayBuffer',
  'retryBudget',
  'host',
  'sendServerName',
  'transport',
  'dispatcher',
  'httpReuse',
  'poolMaxConnections',
  'poolPurgeDelay',
  'maxReuse',
  'httpServerClose',
  'httpClose',
  'maxResponseHeaderBytes',
  'maxResponseHeaders',
  'errorFiles',
  ...persistenceNames,
]
export const backendTimeouts = ['connect', 'server', 'queue', 'tunnel', 'serverFin']

/**
 * Reads the `defaults` of a configuration: options of frontends and backends together. Each is checked here, so that a
 * bad one is named where it stands, whoever takes it.
 */
export function readDefaults(value: unknown, path: string): Values {
  const reader = new OptionReader(value, path)
  for (const name of [...frontendNames, ...backendNames, 'maxConnections', 'defaultBackend', 'timeout'])
    reader.raw(name)
  reader.end()
  const errorFiles = reader.read('errorFiles', loadFiles)
  checkTimeouts(reader.raw('timeout'), reader.pathOf('timeout'))
  const defaults = { ...reader.values, ...(errorFiles === undefined ? {} : { errorFiles }) }
  const rest = new OptionReader({ ...defaults, timeout: undefined }, path)
  readFrontendSettings(rest)
  readBackendSettings(rest)
  readPersistence(rest, undefined)
  rest.read('balance', createBalancer)
  rest.read('track', readTracking)
  return defaults
}

/** Checks the times of frontends and backends together. */
export function checkTimeouts(value: unknown, path: string): void {
  if (value === undefined) return
  const reader = new OptionReader(value, path)
  for (const name of [...frontendTimeouts, ...backendTimeouts]) reader.duration(name)
  reader.end()
}

/** Reads the files among error pages; what is no path is left for whoever reads the pages. */
export function loadFiles(value: unknown, path: string): Values {
  const pages = new OptionReader(value, path).values
  return Object.fromEntries(
    Object.entries(pages).map(([status, page]) => [
      status,
      typeof page === 'string' ? errorFile(page, `${path}.${status}`) : page,
    ]),
  )
}
