import { type CsvColumn, csvColumns } from './csv-columns.js'
import { plain } from './haproxy-forms.js'
import { applies, type CsvWriter, type Metric, type MetricName, type Values, valuesOf } from './metric.js'
import { metricNames, metrics } from './metrics.js'
import type { ObjectStats } from './object-stats.js'
import type { StatsSnapshot } from './snapshot.js'

/** What says whose line it is. */
type Identity = { readonly [Column in CsvColumn]?: string | number }

/**
 * A snapshot as HAProxy's statistics in CSV: the columns of HAProxy 2.6, empty where a figure is not counted. Frontends
 * stand first, then each backend's servers and the backend itself. HAProxy: `show stat`, `;csv`.
 */
export function csv({ frontends, backends }: StatsSnapshot): string {
  const lines = [`# ${csvColumns.join(',')},`]
  let proxy = 0
  for (const [name, frontend] of Object.entries(frontends)) {
    lines.push(line(frontendCells, frontend, { pxname: name, svname: 'FRONTEND', type: 0, iid: ++proxy, sid: 0 }))
  }
  for (const [name, backend] of Object.entries(backends)) {
    proxy++
    for (const [svname, server] of Object.entries(backend.servers)) {
      lines.push(line(serverCells, server, { pxname: name, svname, type: 2, iid: proxy }))
    }
    lines.push(line(backendCells, backend, { pxname: name, svname: 'BACKEND', type: 1, iid: proxy, sid: 0 }))
  }
  return `${lines.join('\n')}\n`
}

/** What stands in a column of one kind of object. */
interface Cell {
  readonly name: MetricName
  readonly metric: Metric
  readonly write: CsvWriter
}

type Cells = ReadonlyMap<CsvColumn, Cell>

const frontendCells = cellsOf('frontend')
const backendCells = cellsOf('backend')
const serverCells = cellsOf('server')

function cellsOf(kind: 'frontend' | 'backend' | 'server'): Cells {
  const cells = new Map<CsvColumn, Cell>()
  for (const name of metricNames) {
    const metric: Metric = metrics[name]
    if (metric[kind] === undefined || metric.csv === undefined) continue
    const writers = typeof metric.csv === 'string' ? { [metric.csv]: plain } : metric.csv
    for (const [column, write] of Object.entries(writers)) cells.set(column as CsvColumn, { name, metric, write })
  }
  return cells
}

function line(cells: Cells, stats: ObjectStats, identity: Identity): string {
  const values = valuesOf(stats)
  const all: Identity = { pid: 1, '-': '-', ...identity }
  return `${csvColumns.map((column) => quoted(all[column] ?? cellText(cells.get(column), values))).join(',')},`
}

function cellText(cell: Cell | undefined, values: Values): string | number {
  if (cell === undefined || !applies(cell.metric, values)) return ''
  return cell.write(values[cell.name] ?? null)
}

/** A line break within a check's reason must not look like another server's line. */
function quoted(cell: string | number): string {
  const text = String(cell).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
