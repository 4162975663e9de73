import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { findProgram } from './programs.js'

/** What came of a program that ran to its end. */
export interface Ran {
  /** `null`: a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end, with `input` on its standard input, as `user` where one is given; one that takes longer than
 * 30 s is killed.
 */
export async function run(
  name: string,
  args: readonly string[],
  input: string | Buffer = '',
  user: { readonly uid?: number; readonly gid?: number } = {},
): Promise<Ran> {
  const program = findProgram(name)
  if (program === undefined) throw new Error(`${name} is not installed`)
  const child = spawn(program, args, { timeout: 30_000, killSignal: 'SIGKILL', ...user })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
