// Node 20's test runner takes no globs: list the compiled test files and hand them over.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const filters = process.argv.slice(2)
const files = readdirSync('build/test', { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
  .map((file) => `build/test/${file}`)

if (files.length === 0) {
  console.error(`no test file matches ${filters.join(' ')}`)
  process.exit(1)
}
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-timeout=240000', ...files],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
