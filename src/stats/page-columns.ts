import type { MetricName } from './metric.js'

/** One column, or several under a common heading. */
export interface ColumnGroup {
  readonly label: string
  readonly columns: readonly Column[]
}

/** A column of one figure. */
export interface Column {
  readonly label: string
  readonly metric: MetricName
  /** Anything but 0 is a matter of concern. */
  readonly isError?: boolean
}

const sessions: ColumnGroup = {
  label: 'Sessions',
  columns: [
    { label: 'now', metric: 'sessions' },
    { label: 'max', metric: 'sessionsMax' },
    { label: 'limit', metric: 'sessionsLimit' },
    { label: 'total', metric: 'sessionsTotal' },
  ],
}
const sessionRate: ColumnGroup = {
  label: 'Sessions/s',
  columns: [
    { label: 'now', metric: 'sessionRate' },
    { label: 'max', metric: 'sessionRateMax' },
  ],
}
const bytes: ColumnGroup = {
  label: 'Bytes',
  columns: [
    { label: 'in', metric: 'bytesIn' },
    { label: 'out', metric: 'bytesOut' },
  ],
}

/** What the table of frontends shows after name and state. */
export const frontendColumns: readonly ColumnGroup[] = [
  sessions,
  sessionRate,
  {
    label: 'Requests',
    columns: [
      { label: 'total', metric: 'requests' },
      { label: 'now/s', metric: 'requestRate' },
      { label: 'max/s', metric: 'requestRateMax' },
    ],
  },
  bytes,
  {
    label: 'Errors',
    columns: [
      { label: 'request', metric: 'requestErrors', isError: true },
      { label: 'refused', metric: 'refusedConnections', isError: true },
      { label: 'TLS', metric: 'failedHandshakes', isError: true },
      { label: 'internal', metric: 'internalErrors', isError: true },
    ],
  },
]

/** What the table of backends and servers shows after name and state. */
export const servingColumns: readonly ColumnGroup[] = [
  single('Weight', 'effectiveWeight'),
  {
    label: 'Queue',
    columns: [
      { label: 'now', metric: 'queue' },
      { label: 'max', metric: 'queueMax' },
    ],
  },
  sessions,
  sessionRate,
  bytes,
  {
    label: 'Errors',
    columns: [
      { label: 'conn', metric: 'connectionErrors', isError: true },
      { label: 'resp', metric: 'responseErrors', isError: true },
    ],
  },
  {
    label: 'Warnings',
    columns: [
      { label: 'retr', metric: 'retries' },
      { label: 'redis', metric: 'redispatches' },
    ],
  },
  single('Last check', 'checkStatus'),
  single('Since change', 'sinceLastChange'),
  single('Down', 'downtime'),
]

function single(label: string, metric: MetricName): ColumnGroup {
  return { label, columns: [{ label, metric }] }
}
