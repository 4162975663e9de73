import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve('src')

/** Each folder's layer: an import may only point to a lower number, or stay in its folder or among the decisions. */
const layers: Readonly<Record<string, number>> = {
  util: 0,
  core: 1,
  balance: 1,
  rules: 1,
  persistence: 1,
  'sticky-table': 1,
  net: 2,
  health: 3,
  http1: 4,
  http2: 4,
  'node-http': 4,
  tcp: 4,
  undici: 4,
  stats: 5,
  log: 5,
  '': 6,
  cli: 7,
  testing: 7,
}

/** Folders of one layer that may know each other. */
const oneLayer = new Set(['core', 'balance', 'rules', 'persistence', 'sticky-table'])

/** What decisions and ground must not touch: anything that does I/O. */
const io = /^node:(?:net|tls|http|https|http2|fs|dns|dgram|child_process|worker_threads|cluster|timers)/

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'))

const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:^|\n)(?:import|export)\b[^'"]*?from\s+'([^']+)'/g)].map(
    (match) => ({
      from: file,
      to: match[1]!.startsWith('.')
        ? relative(root, resolve(root, dirname(file), match[1]!)).replace(/\.js$/, '.ts')
        : match[1]!,
    }),
  ),
)

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ''
}

function isOurs({ to }: Import): boolean {
  return to.endsWith('.ts')
}

test('every folder of src has a layer', () => {
  for (const file of files) assert.ok(folderOf(file) in layers, `${file} stands in a folder without a layer`)
})

test('imports point down only', () => {
  const upward = imports.filter(isOurs).filter(({ from, to }) => {
    const [source, target] = [folderOf(from), folderOf(to)]
    if (source === target || (oneLayer.has(source) && oneLayer.has(target))) return false
    return layers[target]! >= layers[source]!
  })
  assert.deepEqual(upward, [])
})

/** What optional parts may import, beside their own folder. */
const surfaces: Readonly<Record<string, readonly string[]>> = {
  cli: ['index.ts'],
  // It brings traffic without sockets, and so needs what a carrier is made with.
  testing: ['index.ts', 'seams.ts'],
}

test('optional parts use the public surface alone, and small tools', () => {
  const inside = imports.filter(isOurs).filter(({ from, to }) => {
    const surface = surfaces[folderOf(from)]
    if (surface === undefined || folderOf(to) === folderOf(from)) return false
    return !surface.includes(to) && !(folderOf(from) === 'testing' && folderOf(to) === 'util')
  })
  assert.deepEqual(inside, [])
})

test('decisions and ground do no I/O and ask no clock but their own', () => {
  const pure = files.filter((file) => layers[folderOf(file)]! <= 1)
  for (const file of pure) {
    for (const { to } of imports.filter(({ from }) => from === file)) {
      assert.doesNotMatch(to, io, `${file} imports ${to}`)
    }
    if (file === 'util/clock.ts' || file === 'util/random.ts') continue
    const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    assert.doesNotMatch(
      text,
      /Date\.now|performance\.now|Math\.random|setTimeout|setInterval/,
      `${file} has time or chance`,
    )
  }
})

test('no file imports itself by way of others', () => {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports.filter(isOurs)) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
    if (done.has(file)) return
    for (const target of next.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

test('no file outgrows its concept', () => {
  for (const file of files) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length
    assert.ok(lines <= 450, `${file} has ${lines} lines`)
  }
})
