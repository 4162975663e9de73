import { Backend } from '../../src/core/backend.js'
import type { CheckResult } from '../../src/core/check-result.js'
import { Frontend } from '../../src/core/frontend.js'
import type { Server } from '../../src/core/server.js'
import { type StatsSnapshot, snapshot } from '../../src/stats/snapshot.js'
import { VirtualClock } from '../../src/testing/index.js'

/** A frontend before a backend whose `app1` is checked and whose `app2` is not, and a clock that stands still. */
export function objects() {
  const clock = new VirtualClock({ start: 1000 })
  const backend = new Backend('app', {
    clock,
    check: { rise: 2, fall: 3 },
    servers: [
      { name: 'app1', address: '127.0.0.1:5001', weight: 2, maxConnections: 100 },
      { name: 'app2', address: '[::1]:5002', check: false, backup: true },
    ],
  })
  const frontend = new Frontend('web', { clock, defaultBackend: backend, maxConnections: 2 })
  const take = (): StatsSnapshot => snapshot({ frontends: [frontend], backends: [backend], uptime: 5000.12345 })
  return { clock, frontend, backend, app1: backend.server('app1'), app2: backend.server('app2'), take }
}

/** Lets the check of a server find something. */
export function find(server: Server, result: Partial<CheckResult>): void {
  server.observeCheck({ passed: false, status: 'L7STS', reason: 'HTTP status 500', duration: 12.3456, ...result })
}

/** What the server of that name says in a snapshot. */
export function serverIn({ backends }: StatsSnapshot, name: string) {
  const stats = backends.app?.servers[name]
  if (stats === undefined) throw new Error(`no server ${name}`)
  return stats
}

/** The cells of one line of CSV as they stand, with their quotes. */
export function rawCells(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^",]*),/gy)].map(([, cell]) => cell ?? '')
}

/** The lines of CSV by `proxy/name`, each a record of raw cells by column. */
export function readCsv(text: string): Map<string, Readonly<Record<string, string>>> {
  const [heading = '', ...lines] = text.split('\n').filter((line) => line !== '')
  const columns = heading.replace(/^# /, '').split(',').slice(0, -1)
  const rows = lines.map((line) => {
    const cells = rawCells(line)
    if (cells.length !== columns.length) throw new Error(`${cells.length} cells for ${columns.length} columns: ${line}`)
    return Object.fromEntries(columns.map((column, index) => [column, cells[index]!]))
  })
  return new Map(rows.map((row) => [`${row.pxname}/${row.svname}`, row]))
}
