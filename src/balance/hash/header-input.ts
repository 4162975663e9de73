import { firstElement } from '../../rules/header-sample.js'
import { OptionError } from '../../util/errors.js'
import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashOptions } from './hash-options.js'

/** Options of the algorithm `header`. */
export interface HeaderHashOptions extends HashOptions {
  /** The field's name, in any case. HAProxy: the argument of `hdr`. */
  readonly name: string
  /**
   * Hashes only the label before the last dot, which of `www.example.com` is `example`, so that all hosts of a domain go
   * to one server. Default false. HAProxy: `use_domain_only`.
   */
  readonly useDomainOnly?: boolean
}

/**
 * The first element of a field's first value, as in HAProxy. Missing when there is no such field, or it is empty.
 * HAProxy: `balance hdr`.
 */
export function readHeaderInput(reader: OptionReader): HashInput {
  const name = readFieldName(reader.raw('name'), reader.pathOf('name')).toLowerCase()
  const isDomain = reader.boolean('useDomainOnly') ?? false
  return {
    name: `header ${name}`,
    read(exchange) {
      const value = exchange.header(name)
      const element = value === undefined ? '' : firstElement(value)
      if (element === '') return undefined
      return isDomain ? domainOf(element) : element
    },
  }
}

function readFieldName(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return value
  throw new OptionError(path, value, 'the name of a field, such as X-User')
}

/** The label before the last dot; all of a text without one. */
function domainOf(host: string): string {
  const end = host.lastIndexOf('.')
  // As in HAProxy a label has a character at least: a dot right before its end is part of it, and one at the start ends none.
  if (end <= 0) return host
  return host.slice(end === 1 ? 0 : host.lastIndexOf('.', end - 2) + 1, end)
}
