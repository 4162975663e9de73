import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineResult } from '../../benchmarks/line-result.js'
import { lines } from '../../benchmarks/lines.js'
import type { PeerKind, RunningPeer } from '../../benchmarks/peers/peer.js'
import type { Measured, Round } from '../../benchmarks/rounds.js'

const line = lines[0]!

function running(name: string, kind: PeerKind): RunningPeer {
  const peer = { name, kind, version: '1', start: () => Promise.reject(new Error('not in this test')) }
  return { peer, ports: { http: 0 }, pid: 0 }
}

function rounds(...cpu: number[]): { rounds: Round[] } {
  return {
    rounds: cpu.map((value) => ({
      requestsPerSecond: 1e6 / value,
      p99Milliseconds: 1,
      cpuMicrosecondsPerRequest: value,
    })),
  }
}

test('a line is void when the reference varies by more than 15 percent', () => {
  const quiet = lineResult(line, new Map([[running('haproxy', 'native'), rounds(100, 107, 114)]]))
  assert.equal(quiet.void, undefined)
  const loud = lineResult(line, new Map([[running('haproxy', 'native'), rounds(100, 107, 117)]]))
  assert.match(loud.void ?? '', /^haproxy's rounds spread by 16 % in requests per second and 16 % in CPU time/)
})

test('nginx is the reference where HAProxy is out', () => {
  const result = lineResult(
    line,
    new Map<RunningPeer, Measured>([
      [running('haproxy', 'native'), { out: '3 socket errors' }],
      [running('nginx', 'native'), rounds(10, 30, 20)],
    ]),
  )
  assert.equal(result.reference, 'nginx')
  assert.match(result.void ?? '', /^nginx/)
})

test('evenkeel is compared with the cheapest Node peer in the line and with HAProxy', () => {
  const result = lineResult(
    line,
    new Map<RunningPeer, Measured>([
      [running('evenkeel', 'evenkeel'), rounds(20, 99, 10)],
      [running('slow', 'node'), rounds(80)],
      [running('quick', 'node'), rounds(40)],
      [running('broken', 'node'), { out: 'no answer' }],
      [running('haproxy', 'native'), rounds(16)],
    ]),
  )
  assert.deepEqual(result.ratios, [
    { to: 'quick', requestsPerSecond: 2, cpuMicrosecondsPerRequest: 0.5 },
    { to: 'haproxy', requestsPerSecond: 0.8, cpuMicrosecondsPerRequest: 1.25 },
  ])
})
