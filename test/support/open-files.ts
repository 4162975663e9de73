import { readFileSync } from 'node:fs'

/** Open files that a test's process needs besides its connections. */
const others = 200

/** As many connections as wanted, or as the limit of open files lets a process have, with `ends` of each in it. */
export function affordable(wanted: number, ends: 1 | 2 | 4, say: (message: string) => void): number {
  const limit = openFileLimit()
  const most = Math.floor((limit - others) / ends)
  if (most < wanted) say(`${most} connections in the place of ${wanted}: ulimit -n is ${limit}`)
  return Math.min(wanted, most)
}

function openFileLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024)
  } catch {
    // Where there is no /proc the usual limit is a safe guess.
    return 1024
  }
}
