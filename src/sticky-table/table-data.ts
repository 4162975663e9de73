import { type Condition, described } from '../rules/condition.js'
import { type NumberSample, numberSample } from '../rules/number-sample.js'
import { readSample, type Sample } from '../rules/sample.js'
import type { StickyKey } from './sticky-key.js'

/** One value that a table stores, to be read for the key that an exchange gives. */
export interface TableData {
  /**
   * The value for the key that the sample gives: 0 when the table has no such key, missing when the exchange has no such
   * sample. Looking changes nothing. HAProxy: `src_http_req_rate(TABLE)`, the converters `table_http_req_rate(TABLE)`.
   */
  of(sample: Sample): NumberSample
}

/** Makes what `StickyTable.data` gives. @internal */
export function tableData(type: string, read: (key: StickyKey) => number): TableData {
  return {
    of(sample) {
      const call = `data('${type}').of`
      const keyOf = readSample(sample, `${call}(arguments[0])`)
      return numberSample(`${type} of the key`, `${call}(sample)`, (exchange) => {
        const key = keyOf(exchange)
        return key === undefined ? undefined : read(key)
      })
    },
  }
}

/** Makes the condition that a table has the key that an exchange gives. @internal */
export function tableContains(sample: Sample, has: (key: StickyKey) => boolean): Condition {
  const keyOf = readSample(sample, 'contains(arguments[0])')
  return described('the table contains the key', (exchange) => {
    const key = keyOf(exchange)
    return key !== undefined && has(key)
  })
}
