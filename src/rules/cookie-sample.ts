import type { ExchangeView } from '../core/exchange-view.js'
import { CookieScanner } from '../core/message/cookies.js'
import { type StringSample, type Subject, stringSample } from './string-matcher.js'

/** Makes the sample of the request's cookies of that name. */
export function requestCookieSample(name: string): StringSample {
  const subject = { name: `cookie ${name}`, call: `cookie('${name}')` }
  return stringSample(cookieSubject(subject, (exchange) => valuesIn(exchange.headers('cookie'), name, allOf)))
}

/** Makes the sample of the cookies of that name that the response sets. */
export function responseCookieSample(name: string): StringSample {
  const subject = { name: `response cookie ${name}`, call: `response.cookie('${name}')` }
  const read = ({ response }: ExchangeView): string[] =>
    response === undefined ? [] : valuesIn(response.headers('set-cookie'), name, firstOf)
  return stringSample(cookieSubject(subject, read))
}

function cookieSubject(
  names: { readonly name: string; readonly call: string },
  valuesOf: (exchange: ExchangeView) => string[],
): Subject {
  return {
    ...names,
    some: (exchange, test) => valuesOf(exchange).some(test),
    value: (exchange) => valuesOf(exchange).at(-1),
  }
}

/** The values of the cookies of that name: of all of a Cookie field, of the first of a Set-Cookie field. */
function valuesIn(fields: readonly string[], name: string, count: number): string[] {
  const values: string[] = []
  for (const field of fields) {
    if (!field.includes(name)) continue
    const scanner = new CookieScanner(field)
    for (let i = 0; i < count && scanner.next(); i++) {
      if (scanner.isNamed(name) && scanner.value !== '') values.push(scanner.value)
    }
  }
  return values
}

const allOf = Infinity
const firstOf = 1
