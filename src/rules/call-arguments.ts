import { OptionError } from '../util/errors.js'

/**
 * Reads the arguments of a call that takes one or more of a kind. A bad one throws an {@link OptionError} that names it
 * as `call(arguments[index])`, none at all one that names `call(arguments)`.
 */
export function readArguments<T>(
  call: string,
  values: readonly unknown[],
  read: (value: unknown, path: string) => T,
): readonly T[] {
  if (values.length === 0) throw new OptionError(`${call}(arguments)`, values, 'one value or more')
  return values.map((value, index) => read(value, `${call}(arguments[${index}])`))
}

/** Reads a string. */
export function readText(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw new OptionError(path, value, 'a string')
}

/** Reads a string that says something: the empty one is a part of every text, so that it would match them all. */
export function readPart(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new OptionError(path, value, 'a string that is not empty')
}

/** Reads a regular expression, as a copy that keeps no place between calls as `g` and `y` do. */
export function readExpression(value: unknown, path: string): RegExp {
  if (value instanceof RegExp) return new RegExp(value.source, value.flags.replace(/[gy]/g, ''))
  throw new OptionError(path, value, 'a regular expression')
}
