import { trimBlanks } from '../core/message/field-syntax.js'
import type { ResponseHead } from '../core/message/head.js'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** The statuses that a cache may keep without being asked to (RFC 7231 6.1). */
const cacheableStatuses = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501])

/** What forbids a shared cache to keep a response. */
const forbidding = new Set(['private', 'no-cache', 'no-store', 's-maxage=0'])

/** Whether HAProxy takes a response for one that caches may keep, which is whom its `nocache` speaks to. */
export function isCacheable(head: ResponseHead, method: string): boolean {
  if (head.get('pragma')?.toLowerCase() === 'no-cache') return false
  let mayKeep = safeMethods.has(method) && cacheableStatuses.has(head.status)
  let isStale = false
  let isDated = false
  for (const directive of directivesOf(head)) {
    if (directive === 'public') mayKeep = true
    else if (directive === 'max-age=0') isStale = true
    else if (forbidding.has(directive)) mayKeep = false
    else if (directive.startsWith('s-maxage')) {
      isDated = true
      isStale = false
    } else if (directive.startsWith('max-age')) isDated = true
  }
  if (!mayKeep || isStale) return false
  return isDated || ['expires', 'etag', 'last-modified'].some((name) => head.get(name) !== undefined)
}

function directivesOf(head: ResponseHead): string[] {
  return head.getAll('cache-control').flatMap((value) => elements(value.toLowerCase()))
}

/** The elements of a list: a comma in quotes ends none. */
function elements(list: string): string[] {
  return (list.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((element) => trimBlanks(element))
}
