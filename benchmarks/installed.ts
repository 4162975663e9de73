import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program or package of this machine. */
export interface Installed {
  /** Path of the program, or of the package's folder. */
  readonly path: string
  readonly version: string
}

/** Finds a program; undefined when it is not installed. */
export function findProgram(name: string): Installed | undefined {
  // Servers often live where only the administrator's PATH leads.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const path = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (path === undefined) return undefined
  const { stdout, stderr } = spawnSync(path, ['-v'], { encoding: 'utf8', timeout: 5000 })
  return { path, version: /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown' }
}

/** Finds a package that this one can import; undefined when it is not installed. */
export function findPackage(name: string): Installed | undefined {
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve(name)))
    while (!isPackage(folder, name) && folder !== dirname(folder)) folder = dirname(folder)
    return { path: folder, version: manifest(folder).version }
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isPackage(folder: string, name: string): boolean {
  return existsSync(join(folder, 'package.json')) && manifest(folder).name === name
}

function manifest(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
