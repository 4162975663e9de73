import { EvenkeelError, OptionError } from '../index.js'
import { readOptions, UsageError, usage } from './options.js'
import { run } from './run.js'

/** Exit codes: the command line is wrong; it could not be done. */
const wrongUsage = 2
const failed = 1

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(usage)
  else await run(options)
}

function fail(error: unknown): never {
  console.error(`evenkeel: ${explain(error)}`)
  process.exit(error instanceof UsageError || error instanceof OptionError ? wrongUsage : failed)
}

function explain(error: unknown): string {
  if (error instanceof OptionError) return `${optionOf(error.path)}: got '${error.value}', takes ${error.expected}`
  if (error instanceof EvenkeelError && error.code === 'ERR_EVENKEEL_BIND') {
    return `${error.message} (--port and --stats-port choose another)`
  }
  return error instanceof Error ? error.message : String(error)
}

/** The option of the command line that an option of the library came from. */
function optionOf(path: string): string {
  if (path.includes('servers')) return '--server'
  return path === 'bind' || path.startsWith('stats') ? '--host' : path
}

// A reader that has gone away (`npm start | head`) is no reason for a stack trace.
process.stdout.on('error', () => process.exit(failed))
main().catch(fail)
