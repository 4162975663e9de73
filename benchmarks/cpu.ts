import { readdirSync, readFileSync } from 'node:fs'

/**
 * Gives the CPU time that a process has used, all its threads together, in microseconds.
 * Taken from the scheduler's nanosecond counts; where the kernel does not keep them, from
 * `/proc/<pid>/stat`, which counts in hundredths of a second.
 * Throws when the process is gone.
 */
export function cpuMicroseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  let nanoseconds = 0
  for (const thread of threads) {
    const count = scheduledNanoseconds(pid, thread)
    if (count === undefined) return tickedMicroseconds(pid)
    nanoseconds += count
  }
  return nanoseconds / 1000
}

function scheduledNanoseconds(pid: number, thread: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1'), 10)
  } catch {
    return undefined
  }
}

function tickedMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command's name stands in parentheses and may hold spaces: the fixed fields begin after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
