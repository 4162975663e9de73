import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Finds a program's path; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  // Servers often live where only the administrator's PATH leads.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...postgresFolders()]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * Finds a program that a test can't do without; undefined when it is not installed. Throws where everything is meant to
 * be installed (`CI=true`): a test that is skipped there would prove nothing and look as if it had.
 */
export function requireProgram(name: string): string | undefined {
  const path = findProgram(name)
  if (path === undefined && process.env.CI === 'true') throw new Error(`${name} is not installed, and CI is true`)
  return path
}

/**
 * Gives node:test's `skip` option for a test that needs programs: false when all are installed, else the reason, which
 * the report shows. Throws as {@link requireProgram} does.
 */
export function skipWithout(...names: readonly string[]): string | false {
  const missing = names.filter((name) => requireProgram(name) === undefined)
  return missing.length > 0 && `${missing.join(' and ')} not installed`
}

/** Debian keeps PostgreSQL's own programs by version, on nobody's PATH. */
function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql'
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : []
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
