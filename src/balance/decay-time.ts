import { OptionError } from '../util/errors.js'
import { type OptionReader, readDuration } from '../util/options.js'

/** Reads the option `decayTime` of algorithms that remember response times. */
export function readDecayTime(reader: OptionReader): number {
  return (
    reader.read('decayTime', (value, path) => {
      const milliseconds = readDuration(value, path)
      if (milliseconds >= 1) return milliseconds
      throw new OptionError(path, value, "a time of at least 1ms, such as '10s'")
    }) ?? 10_000
  )
}
