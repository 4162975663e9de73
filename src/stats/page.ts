import { Html, html } from './html.js'
import { metrics } from './metrics.js'
import type { BackendStats, FrontendStats, ObjectStats, ServerStats } from './object-stats.js'
import { cell, state } from './page-cells.js'
import { type Column, type ColumnGroup, frontendColumns, servingColumns } from './page-columns.js'
import { formatDuration } from './page-format.js'
import { pageStyle } from './page-style.js'
import type { StatsSnapshot } from './snapshot.js'

/** How the page is made. */
export interface PageOptions {
  /** How often a browser loads it again, in seconds. Default 0: never. HAProxy: `stats refresh`. */
  readonly refresh?: number
  /** The page's own path, for its links to the data as CSV and JSON. Default: no links. */
  readonly path?: string
}

/** A snapshot as one HTML page that needs nothing else: no script, no other resource. */
export function page(snapshot: StatsSnapshot, { refresh = 0, path }: PageOptions = {}): string {
  const { frontends, backends, uptime } = snapshot
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh > 0 ? html`<meta http-equiv="refresh" content="${refresh}">` : undefined}
<link rel="icon" href="data:,">
<title>evenkeel statistics</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<main>
<header>
<h1>evenkeel</h1>
<p>${summary(snapshot)} Up for ${formatDuration(uptime)}.</p>
${path === undefined ? undefined : links(path)}
</header>
${table('Frontends', frontendColumns, [html`<tbody>${Object.entries(frontends).map(frontendRow)}</tbody>`])}
${table('Backends and their servers', servingColumns, Object.entries(backends).map(backendRows))}
</main>
</body>
</html>
`.text
}

function links(path: string): Html {
  return html`<nav aria-label="Data"><a href="${path};csv">CSV</a><a href="${path};json">JSON</a></nav>`
}

function summary({ frontends, backends }: StatsSnapshot): string {
  const servers = Object.values(backends).flatMap((backend) => Object.values(backend.servers))
  const up = servers.filter(isUp).length
  const parts = [
    counted(Object.keys(frontends).length, 'frontend'),
    counted(Object.keys(backends).length, 'backend'),
    `${up} of ${counted(servers.length, 'server')} up`,
  ]
  return `${parts.join(', ')}.`
}

function isUp({ operational, administrative }: ServerStats): boolean {
  return operational === 'running' && administrative !== 'maintenance'
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function table(caption: string, groups: readonly ColumnGroup[], bodies: readonly Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<colgroup span="2"></colgroup>${groups.map(({ columns }) => html`<colgroup span="${columns.length}"></colgroup>`)}
${heading(groups)}
${bodies}
</table>
</div>`
}

function heading(groups: readonly ColumnGroup[]): Html {
  const upper = groups.map(({ label, columns }) =>
    columns.length > 1
      ? html`<th scope="colgroup" colspan="${columns.length}">${label}</th>`
      : html`<th scope="col" rowspan="2" title="${help(columns[0]!)}">${label}</th>`,
  )
  const lower = groups
    .flatMap(({ columns }) => (columns.length > 1 ? columns : []))
    .map((column) => html`<th scope="col" title="${help(column)}">${column.label}</th>`)
  return html`<thead>
<tr><th scope="col" rowspan="2" class="text">Name</th><th scope="col" rowspan="2" class="text">State</th>${upper}</tr>
<tr>${lower}</tr>
</thead>`
}

function help({ metric }: Column): string {
  return metrics[metric].help
}

function frontendRow([name, frontend]: [string, FrontendStats]): Html {
  return html`<tr><th scope="row">${name}</th>${state(frontend)}${cells(frontendColumns, frontend)}</tr>
`
}

function backendRows([name, backend]: [string, BackendStats]): Html {
  const servers = Object.entries(backend.servers).map(serverRow)
  const title = html`<th scope="rowgroup">${name}<small>${backend.algorithm}</small></th>`
  return html`<tbody>
<tr class="backend">${title}${state(backend)}${cells(servingColumns, backend)}</tr>
${servers}</tbody>
`
}

function serverRow([name, server]: [string, ServerStats]): Html {
  const notes = [server.backup ? 'backup' : '', server.address === name ? '' : server.address]
    .filter(Boolean)
    .join(', ')
  const title = html`<th scope="row">${name}${notes === '' ? undefined : html`<small>${notes}</small>`}</th>`
  return html`<tr>${title}${state(server)}${cells(servingColumns, server)}</tr>
`
}

function cells(groups: readonly ColumnGroup[], stats: ObjectStats): Html[] {
  return groups.flatMap(({ columns }) => columns).map((column) => cell(column, stats))
}
