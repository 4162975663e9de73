import { OptionError } from '../../util/errors.js'

/** Reads how many places a Maglev table has: only with a prime number every step leads through all places. */
export function readTableSize(value: unknown, path: string): number {
  if (typeof value === 'number' && value <= 5_000_011 && isPrime(value)) return value
  throw new OptionError(path, value, 'a prime number up to 5,000,011, such as 65537 or 1000003')
}

function isPrime(number: number): boolean {
  if (!Number.isInteger(number) || number < 2) return false
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false
  return true
}
