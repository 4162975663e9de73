import type { ExchangeView } from '../core/exchange-view.js'
import { isToken } from '../core/message/field-syntax.js'
import { OptionError } from '../util/errors.js'
import { responseCookieSample } from './cookie-sample.js'
import { type HeaderSample, sampleOfFields } from './header-sample.js'
import { fromResponse } from './sample.js'
import type { StringSample } from './string-matcher.js'

/** Samples of responses, as they came from the server. Of an exchange without a response they find nothing. */
export interface ResponseSamples {
  /** The response's fields of that name, in any case; as {@link header} of requests. HAProxy: `res.hdr`. */
  header(name: string): HeaderSample
  /** The cookies of that name that the response sets; as {@link cookie} of requests. HAProxy: `res.cook`. */
  cookie(name: string): StringSample
}

/**
 * What a server answered, for stick rules that store from it.
 *
 * @example
 * ```ts
 * const table = new StickyTable({ type: 'string', size: '100k', expire: '30m' })
 * const stick = [{ on: response.cookie('SID'), table, storeResponse: true }, { on: cookie('SID'), table, match: true }]
 * ```
 */
export const response: ResponseSamples = {
  header(name) {
    if (typeof name !== 'string' || !isToken(name)) {
      throw new OptionError('response.header(arguments[0])', name, 'the name of a field')
    }
    const field = name.toLowerCase()
    const call = `response.header('${name}')`
    const sourceOf = (exchange: ExchangeView) => exchange.response
    const sample = sampleOfFields({ name: `response header ${field}`, call, field, sourceOf })
    fromResponse(sample.value)
    fromResponse(sample.whole.value)
    return sample
  },
  cookie(name) {
    if (typeof name !== 'string' || !isToken(name)) {
      throw new OptionError('response.cookie(arguments[0])', name, 'the name of a cookie')
    }
    const sample = responseCookieSample(name)
    fromResponse(sample.value)
    return sample
  },
}
