import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isInLine } from '../../benchmarks/line-result.js'
import type { Report } from '../../benchmarks/report.js'

const program = fileURLToPath(new URL('../../benchmarks/compare.js', import.meta.url))

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'evenkeel-test-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function compare(args: readonly string[], temporary: string): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, TMPDIR: temporary },
  })
}

test('the benchmark measures a peer and leaves no file behind', (context) => {
  const json = join(folder(context), 'report.json')
  const temporary = folder(context)
  const run = compare(
    ['--load', 'node', '--origin', 'node', '--peers', 'httpxy', '--lines', 'small-get,connection-per-request'].concat(
      '--rounds',
      '1',
      '--seconds',
      '0.3',
      '--connections',
      '8',
      '--json',
      json,
    ),
    temporary,
  )
  assert.equal(run.status, 0, String(run.stderr))
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report
  assert.deepEqual(report.leftOut, {})
  assert.deepEqual(
    report.lines.map((line) => line.line),
    ['small-get', 'connection-per-request'],
  )
  for (const line of report.lines) {
    const [peer] = line.peers
    assert.ok(peer !== undefined && isInLine(peer), JSON.stringify(peer))
    assert.equal(peer.rounds.length, 1)
    assert.ok(peer.requestsPerSecond > 20, `${peer.requestsPerSecond} requests per second`)
    assert.ok(peer.p99Milliseconds > 0.05 && peer.p99Milliseconds < 1000, `p99 of ${peer.p99Milliseconds} ms`)
    assert.ok(peer.cpuMicrosecondsPerRequest > 5, `${peer.cpuMicrosecondsPerRequest} microseconds per request`)
    const busyCores = (peer.requestsPerSecond * peer.cpuMicrosecondsPerRequest) / 1e6
    assert.ok(busyCores < report.machine.cores * 1.5, `a peer that kept ${busyCores} cores busy`)
  }
  assert.deepEqual(readdirSync(temporary), [])
})

test('a name that the benchmark does not know is refused with the names it knows', (context) => {
  const run = compare(['--lines', 'small-get,teapot'], folder(context))
  assert.equal(run.status, 1)
  assert.match(String(run.stderr), /--lines: got teapot, takes small-get, page/)
})
