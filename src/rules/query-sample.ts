import { type StringSample, stringSample } from './string-matcher.js'

/** Makes the sample of the query parameters of that name. */
export function querySample(name: string): StringSample {
  const key = `${name}=`
  return stringSample({
    name: `query ${name}`,
    call: `query('${name}')`,
    some({ query }, test) {
      for (let at = query.indexOf(key); at >= 0; at = query.indexOf(key, at + 1)) {
        if (at > 0 && !isDelimiter(query.charCodeAt(at - 1))) continue
        const start = at + key.length
        if (test(query.slice(start, valueEnd(query, start)))) return true
      }
      return false
    },
  })
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
