import type { Backend } from '../core/backend.js'
import type { Frontend } from '../core/frontend.js'
import type { Server } from '../core/server.js'
import type { CsvColumn } from './csv-columns.js'
import type { BackendStats, FrontendStats, ObjectStats, ServerStats } from './object-stats.js'

/** What a figure can be. Null: there is none, or it says nothing about this object. */
export type Value = string | number | boolean | null

/** How a value stands in a column of HAProxy's CSV. */
export type CsvWriter = (value: Value) => string | number

/** One figure: what it is called everywhere, what it means, and how it is read from the live objects that have it. */
export interface Metric {
  /** What it says, in a sentence for people. */
  readonly help: string
  /** `counter`: only grows. `gauge`: goes up and down, or is a limit or maximum. `text` and `flag`: no number. */
  readonly kind: 'counter' | 'gauge' | 'text' | 'flag'
  /** Absent: a plain number, or none at all. */
  readonly unit?: 'ms' | 'bytes' | 'perSecond'
  /** When it means something at all: in mode `http`, or for a server that is checked. Absent: always. */
  readonly only?: 'http' | 'checked'
  /** HAProxy's column; or several, or one in another form than the value's own. Absent: HAProxy has none. */
  readonly csv?: CsvColumn | { readonly [Column in CsvColumn]?: CsvWriter }
  readonly frontend?: (frontend: Frontend, now: number) => Value
  readonly backend?: (backend: Backend, now: number) => Value
  readonly server?: (server: Server, now: number, backend: Backend) => Value
}

/** The names of all figures. */
export type MetricName = Exclude<keyof FrontendStats | keyof BackendStats | keyof ServerStats, 'servers'>

/** What reads a figure: exactly from the objects whose interface has it, and with the type that it has there. */
type Readers<Name> = (Name extends keyof FrontendStats
  ? { readonly frontend: (frontend: Frontend, now: number) => FrontendStats[Name] }
  : { readonly frontend?: never }) &
  (Name extends keyof BackendStats
    ? { readonly backend: (backend: Backend, now: number) => BackendStats[Name] }
    : { readonly backend?: never }) &
  (Name extends keyof ServerStats
    ? { readonly server: (server: Server, now: number, backend: Backend) => ServerStats[Name] }
    : { readonly server?: never })

/** The table of all figures: the compiler holds it against the interfaces. */
export type Metrics = {
  readonly [Name in MetricName]: Omit<Metric, 'frontend' | 'backend' | 'server'> & Readers<Name>
}

/** An object's figures by name. */
export type Values = Readonly<Partial<Record<MetricName, Value>>>

/** Whether a figure means something for the object that has these. */
export function applies({ only }: Metric, values: Values): boolean {
  if (only === 'http') return values.mode === 'http'
  if (only === 'checked') return values.checkStatus !== null
  return true
}

/** The figures of an object, to be read by name. */
export function valuesOf(stats: ObjectStats): Values {
  return stats
}
