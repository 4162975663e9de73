import type { ExchangeView } from '../core/exchange-view.js'
import { type StringSample, stringSample } from './string-matcher.js'

/** Makes the sample of the query parameters of that name. */
export function querySample(name: string): StringSample {
  const key = `${name}=`
  return stringSample({
    name: `query ${name}`,
    call: `query('${name}')`,
    some({ query }, test) {
      for (let start = valueStart(query, key, 0); start >= 0; start = valueStart(query, key, start)) {
        if (test(query.slice(start, valueEnd(query, start)))) return true
      }
      return false
    },
    value({ query }: ExchangeView) {
      const start = valueStart(query, key, 0)
      return start < 0 ? undefined : query.slice(start, valueEnd(query, start))
    },
  })
}

/** Where the value of the next parameter of that key begins; -1: there is none. */
function valueStart(query: string, key: string, from: number): number {
  for (let at = query.indexOf(key, from); at >= 0; at = query.indexOf(key, at + 1)) {
    if (at === 0 || isDelimiter(query.charCodeAt(at - 1))) return at + key.length
  }
  return -1
}

function valueEnd(query: string, start: number): number {
  let end = start
  while (end < query.length && !isDelimiter(query.charCodeAt(end))) end++
  return end
}

/** HAProxy's `url_param` separates parameters at `&`, `;` and `?`. */
function isDelimiter(code: number): boolean {
  return code === 0x26 || code === 0x3b || code === 0x3f
}
