import { Html, html } from './html.js'
import { type Metric, type Values, valuesOf } from './metric.js'
import { metrics } from './metrics.js'
import type { ObjectStats } from './object-stats.js'
import type { Column } from './page-columns.js'
import { formatBytes, formatCount, formatDuration } from './page-format.js'

/** The cell of one figure of an object; an empty one where the object has no such figure. */
export function cell({ metric: name, isError }: Column, stats: ObjectStats): Html {
  const values = valuesOf(stats)
  if (name === 'checkStatus') return html`<td class="text found">${lastCheck(values)}</td>`
  const value = values[name]
  if (typeof value !== 'number') return html`<td>${value === null ? html`<span class="zero">–</span>` : undefined}</td>`
  const { text, isZero, full } = format(value, metrics[name])
  const style = isZero ? ' class="zero"' : isError ? ' class="bad"' : ''
  const title = full === text ? undefined : html` title="${full}"`
  return html`<td${new Html(style)}${title}>${text}</td>`
}

/** A figure as it is shown, and as it can be read in full. */
function format(value: number, { unit }: Metric): { text: string; full: string; isZero: boolean } {
  if (unit !== 'ms') {
    const text = unit === 'bytes' ? formatBytes(value) : formatCount(value)
    return { text, full: unit === 'bytes' ? `${value} B` : String(value), isZero: value === 0 }
  }
  const seconds = Math.floor(value / 1000)
  return { text: formatDuration(seconds * 1000), full: `${seconds}s`, isZero: seconds === 0 }
}

/** A server may put into a reason what it likes, and as much as it likes. */
const longestReason = 120

function lastCheck({ checkStatus, checkCode, checkReason, checkDuration }: Values): Html | undefined {
  if (checkStatus === undefined || checkStatus === null) return undefined
  if (checkStatus === 'INI') return html`<span class="zero">not yet checked</span>`
  const code = typeof checkCode === 'number' ? ` ${checkCode}` : ''
  const duration = typeof checkDuration === 'number' ? ` in ${formatDuration(checkDuration)}` : ''
  const reason = String(checkReason ?? '')
  const shown = reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason
  return html`${String(checkStatus)}${code}${duration}<small><bdi>${shown}</bdi></small>`
}

/** A state in its words, and in a colour that says the same. */
export function state({ status }: ObjectStats): Html {
  return html`<td class="text"><span class="state ${colour(status)}">${status}</span></td>`
}

function colour(status: string): string {
  if (status === 'UP' || status === 'OPEN') return 'up'
  if (status === 'DOWN') return 'down'
  if (status === 'no check') return 'unchecked'
  if (status === 'MAINT') return 'off'
  if (status.startsWith('DRAIN')) return 'drain'
  // On its way up or down, or a frontend that is full.
  return 'warn'
}
