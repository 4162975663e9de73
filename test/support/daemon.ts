import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { findProgram } from './programs.js'

/** How long a program may take until it accepts, in milliseconds. */
const patience = 15_000

/** Whom a program runs as that refuses to run as root; nobody else where a test is not root. */
export const nobody: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/**
 * Starts a server program that stays in the foreground, and ends it after the test, by its own id. Resolves when it accepts
 * connections on `port`; rejects with its own words when it ends before.
 */
export async function startDaemon(
  t: TestContext,
  name: string,
  args: readonly string[],
  port: number,
  user: typeof nobody = {},
): Promise<void> {
  const program = findProgram(name)
  if (program === undefined) throw new Error(`${name} is not installed`)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...user })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
    })
  }
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (const end = Date.now() + patience; Date.now() < end; await wait(20)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended:\n${said}`)
    if (await accepts(port)) return
  }
  throw new Error(`${name} does not accept on port ${port}:\n${said}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
