// Runs all tests but those against other programs on the Node versions after 20, one after the other, each fetched into a
// temporary folder for its run: `npm run test:nodes`, or some of them: `npm run test:nodes -- 22 24`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [asked, filters] = [[], []]
for (const argument of process.argv.slice(2)) (/^\d+$/.test(argument) ? asked : filters).push(argument)
const majors = asked.length > 0 ? asked : ['22', '24', '26']
/** What the npm package of a ready Node is called here. */
const packageName = `node-${process.platform}-${process.arch}`

const files = readdirSync('build/test', { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.js') && !file.startsWith('interop/'))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
  .map((file) => `build/test/${file}`)

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

/** Fetches a Node, runs the tests on it, and throws it away; says whether all went well. */
function passesOn(major) {
  const folder = mkdtempSync(join(tmpdir(), `evenkeel-node-${major}-`))
  try {
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    if (!run('npm', ['install', '--prefix', folder, ...quiet, `${packageName}@${major}`])) return false
    const node = join(folder, 'node_modules', packageName, 'bin', 'node')
    if (!existsSync(node)) throw new Error(`${packageName}@${major} holds no bin/node`)
    if (!run(node, ['--version'])) return false
    return run(node, ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-timeout=240000', ...files])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const failed = majors.filter((major) => !passesOn(major))
console.log(failed.length === 0 ? `Node ${majors.join(', ')}: all tests pass` : `Node ${failed.join(', ')}: failed`)
process.exit(failed.length === 0 ? 0 : 1)
