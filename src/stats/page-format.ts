const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes with three digits: `512 B`, `1.46 KiB`, `23.4 MiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0
  let size = bytes
  // From 999.5 on, rounding would make four digits of it.
  while (size >= 999.5 && unit < byteUnits.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? size : threeDigits(size)} ${byteUnits[unit]}`
}

const countUnits = ['', 'k', 'M', 'G', 'T']

/** A count: whole up to 99,999, then with three digits: `123k`, `4.56M`. */
export function formatCount(count: number): string {
  if (count < 100_000) return String(count)
  let unit = 0
  let rest = count
  while (rest >= 999.5 && unit < countUnits.length - 1) {
    rest /= 1000
    unit++
  }
  return `${threeDigits(rest)}${countUnits[unit]}`
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0)
}

const timeUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** A time in its two largest units: `3d 4h`, `12m 5s`, `42s`; below a second in milliseconds, below 10 with a tenth. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const largest = timeUnits.findIndex(([, length]) => ms >= length)
  if (largest < 0) return `${ms < 10 ? ms.toFixed(1) : Math.floor(ms)} ms`
  const [unit, length] = timeUnits[largest]!
  const whole = `${Math.floor(ms / length)}${unit}`
  const next = timeUnits[largest + 1]
  const rest = next === undefined ? 0 : Math.floor((ms % length) / next[1])
  return rest === 0 ? whole : `${whole} ${rest}${next![0]}`
}
