import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CheckOptions } from '../../src/core/check-options.js'
import type { ProbeResult } from '../../src/core/check-result.js'
import { Server } from '../../src/core/server.js'
import { CheckSchedule, stagger } from '../../src/health/check-schedule.js'
import { seededRandom, VirtualClock } from '../../src/testing/index.js'
import { formatAddress } from '../../src/util/address.js'
import { type Clock, systemClock } from '../../src/util/clock.js'
import type { Random } from '../../src/util/random.js'
import { Loopback, noSocketsOpen, socketPath } from '../support/loopback.js'

const passed: ProbeResult = { passed: true, status: 'L7OK', reason: 'passed' }
const failed: ProbeResult = { passed: false, status: 'L7STS', code: 500, reason: 'failed' }
const noChance: Random = { next: () => assert.fail('chance was asked, for nothing') }

/** One server with its schedule, told of its changes as the face would tell it. */
class Bench {
  readonly faults: string[] = []
  /** When the server's state changed, and to what. */
  readonly changes: string[] = []
  readonly server: Server
  readonly schedule: CheckSchedule

  constructor(
    readonly clock: Clock,
    check: CheckOptions,
    { address = '127.0.0.1:5001', random = noChance } = {},
  ) {
    this.server = new Server('app1', { address, check })
    const serverChanged = () => {
      this.changes.push(`${this.clock.now()} ${this.server.status}`)
      this.onChange()
      this.schedule.wake()
    }
    this.server.join({ serverChanged, slotFreed() {} }, 1, undefined, clock.now())
    const onFault = (thrown: unknown, where: string) => this.faults.push(`${where}: ${thrown}`)
    this.schedule = new CheckSchedule(this.server, this.server.check!, {
      clock,
      random,
      target: { address: this.server.address },
      onFault,
    })
  }

  /** What a listener of the application does. */
  onChange(): void {}
}

/** A bench on a virtual clock whose probe is a function of nothing. */
class ProbeBench extends Bench {
  declare readonly clock: VirtualClock

  constructor(probe: (signal: AbortSignal) => unknown, check: CheckOptions = {}, options = {}) {
    const clock = new VirtualClock({ start: 1000 })
    super(clock, { ...check, probe: (_target, signal) => probe(signal) as Promise<ProbeResult> }, options)
  }
}

/** A bench whose checks take `duration` and end as the script says: + passed, - failed; at its end they pass. */
class ScriptBench extends Bench {
  declare readonly clock: VirtualClock
  /** When each check began, and the server's status then. */
  readonly begun: string[] = []
  readonly results: string[]
  #running = 0

  constructor(script: string, duration: number, check: CheckOptions = {}, options = {}) {
    const clock = new VirtualClock({ start: 1000 })
    super(clock, { ...check, probe: () => this.#check(duration) }, options)
    this.results = [...script]
  }

  #check(duration: number): Promise<ProbeResult> {
    assert.equal(this.#running++, 0, 'two checks at once')
    this.begun.push(`${this.clock.now()} ${this.server.status}`)
    return new Promise((resolve) => {
      this.clock.setTimer(() => {
        this.#running--
        resolve(this.results.shift() === '-' ? failed : passed)
      }, duration)
    })
  }

  get times(): number[] {
    return this.begun.map((line) => Number.parseFloat(line))
  }
}

describe('a schedule of checks', () => {
  test('takes a server up, down and up again at HAProxy’s intervals and counts', async () => {
    const check = { interval: 2000, fastInterval: 500, downInterval: 4000, rise: 2, fall: 3 }
    const bench = new ScriptBench('++-----++', 10, check)
    bench.schedule.start(250)
    await bench.clock.advanceAsync(20_000)
    assert.deepEqual(bench.begun, [
      '1250 UP 1/3', // after the initial delay
      '3260 UP', // one success made it fully up: interval, from the end of the last check
      '5270 UP',
      '5780 UP 2/3', // going down: fastInterval
      '6290 UP 1/3',
      '10300 DOWN', // down: downInterval
      '14310 DOWN',
      '18320 DOWN',
      '18830 DOWN 1/2', // going up: fastInterval
      '20840 UP',
    ])
    assert.deepEqual(bench.changes, ['6300 DOWN', '18840 UP'])
    assert.deepEqual(bench.server.lastCheck, { ...passed, code: undefined, duration: 10 })
    assert.deepEqual([bench.server.failedChecks, bench.server.timesDown], [3, 1])
    bench.schedule.stop()
    assert.deepEqual(bench.faults, [])
  })

  test('takes a dead server out with its first check, and tries the fast interval once it is on its way', async () => {
    const bench = new ScriptBench('-+-++', 10, { interval: 2000, fastInterval: 500, rise: 2, fall: 3 })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(6000)
    assert.deepEqual(bench.begun, ['1001 UP 1/3', '3011 DOWN', '3521 DOWN 1/2', '5531 DOWN', '6041 DOWN 1/2'])
    bench.schedule.stop()
  })

  test('never runs two checks at once, even when one takes longer than the interval', async () => {
    const bench = new ScriptBench('', 900, { interval: 100, timeout: 1000 })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(3000)
    assert.deepEqual(bench.times, [1001, 2001, 3001])
    bench.schedule.stop()
  })

  test('measures how long a check took', async () => {
    const bench = new ScriptBench('-', 123)
    bench.schedule.start(0)
    await bench.clock.advanceAsync(200)
    assert.deepEqual(bench.server.lastCheck, { ...failed, duration: 123 })
    bench.schedule.stop()
  })

  test('varies its intervals by chance, within the spread', async () => {
    const bench = new ScriptBench('', 0, { interval: 1000, spreadChecks: 20 }, { random: seededRandom(1) })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(200_000)
    bench.schedule.stop()
    // A check takes at least a millisecond of this clock.
    const gaps = bench.times.slice(1).map((time, i) => time - bench.times[i]! - 1)
    assert.ok(gaps.every((gap) => gap >= 800 && gap <= 1200))
    assert.ok(Math.min(...gaps) < 830 && Math.max(...gaps) > 1170)
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    assert.ok(Math.abs(mean - 1000) < 30, `a mean of ${mean} over ${gaps.length} intervals`)
  })

  test('start does nothing while it runs, and goes on after a stop', async () => {
    const bench = new ScriptBench('', 10, { interval: 1000 })
    bench.schedule.start(0)
    bench.schedule.start(0)
    assert.equal(bench.clock.timers, 1)
    bench.schedule.stop()
    bench.schedule.stop()
    assert.equal(bench.clock.timers, 0)
    await bench.clock.advanceAsync(5000)
    assert.deepEqual(bench.times, [])
    bench.schedule.start(0)
    await bench.clock.advanceAsync(1)
    assert.deepEqual(bench.times, [6001])
    bench.schedule.stop()
  })

  test('leaves no timer behind when it is stopped in the middle of a check, and ignores its result', async () => {
    const signals: AbortSignal[] = []
    const bench = new ProbeBench((signal) => {
      signals.push(signal)
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed)))
    })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(100)
    assert.equal(signals[0]?.aborted, false)
    bench.schedule.stop()
    assert.equal(signals[0]?.aborted, true)
    await bench.clock.advanceAsync(100_000)
    assert.equal(bench.server.lastCheck, undefined)
    assert.equal(bench.server.status, 'UP 1/3')
    assert.equal(bench.clock.timers, 0)
  })

  test('an old check that ends after a restart does not count', async () => {
    const ends: ((result: ProbeResult) => void)[] = []
    const bench = new ProbeBench(() => new Promise((resolve) => ends.push(resolve)))
    bench.schedule.start(0)
    await bench.clock.advanceAsync(1)
    bench.schedule.stop()
    bench.schedule.start(0)
    await bench.clock.advanceAsync(1)
    ends[0]!(failed)
    await bench.clock.advanceAsync(1)
    assert.equal(bench.server.status, 'UP 1/3')
    ends[1]!(passed)
    await bench.clock.advanceAsync(1)
    assert.equal(bench.server.status, 'UP')
    bench.schedule.stop()
  })
})

describe('maintenance', () => {
  test('pauses the checks, and one follows at once when it is over', async () => {
    const bench = new ScriptBench('+', 10, { interval: 1000 })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(500)
    bench.server.maintenance()
    assert.equal(bench.clock.timers, 0)
    await bench.clock.advanceAsync(60_000)
    assert.deepEqual(bench.begun, ['1001 UP 1/3'])
    bench.server.ready()
    await bench.clock.advanceAsync(20)
    assert.deepEqual(bench.begun.slice(1), ['61501 UP 1/3'])
    assert.equal(bench.server.status, 'UP')
    bench.schedule.stop()
  })

  test('breaks a check off, and its result does not count', async () => {
    const signals: AbortSignal[] = []
    const bench = new ProbeBench((signal) => {
      signals.push(signal)
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed)))
    })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(10)
    bench.server.maintenance()
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    )
    bench.server.ready()
    await bench.clock.advanceAsync(0)
    assert.equal(bench.server.lastCheck, undefined)
    assert.equal(bench.server.status, 'UP 1/3')
    bench.schedule.stop()
  })

  test('at the start keeps the first check back', async () => {
    const bench = new ScriptBench('', 10)
    bench.server.maintenance()
    bench.schedule.start(0)
    await bench.clock.advanceAsync(10_000)
    assert.deepEqual(bench.begun, [])
    bench.server.drain()
    await bench.clock.advanceAsync(10)
    assert.deepEqual(bench.begun, ['11001 DRAIN 1/3'])
    bench.schedule.stop()
  })

  test('is left alone by a schedule that was stopped', async () => {
    const bench = new ScriptBench('', 10)
    bench.schedule.start(0)
    bench.server.maintenance()
    bench.schedule.stop()
    bench.server.ready()
    assert.equal(bench.clock.timers, 0)
  })

  test('ordered by a listener that hears of a failure, and taken back at once, leads to one next check', async () => {
    const bench = new ScriptBench('-', 10, { interval: 1000, fastInterval: 200 })
    bench.onChange = () => {
      bench.onChange = () => {}
      bench.server.maintenance()
      bench.server.ready()
    }
    bench.schedule.start(0)
    await bench.clock.advanceAsync(500)
    assert.deepEqual(bench.begun, ['1001 UP 1/3', '1012 UP 1/3'])
    assert.equal(bench.clock.timers, 1)
    bench.schedule.stop()
  })

  test('ordered by a listener that hears of a failure pauses the checks', async () => {
    const bench = new ScriptBench('-', 10)
    bench.onChange = () => bench.server.maintenance()
    bench.schedule.start(0)
    await bench.clock.advanceAsync(10_000)
    assert.deepEqual(bench.begun, ['1001 UP 1/3'])
    assert.equal(bench.clock.timers, 0)
    bench.schedule.stop()
  })

  test('a listener that hears of a failure may stop the schedule', async () => {
    const bench = new ScriptBench('-', 10)
    bench.onChange = () => bench.schedule.stop()
    bench.schedule.start(0)
    await bench.clock.advanceAsync(100)
    assert.equal(bench.server.status, 'DOWN')
    assert.equal(bench.clock.timers, 0)
  })

  test('a drain changes nothing about the checks', async () => {
    const bench = new ScriptBench('', 10, { interval: 1000 })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(500)
    bench.server.drain()
    await bench.clock.advanceAsync(600)
    assert.deepEqual(bench.times, [1001, 2011])
    bench.schedule.stop()
  })
})

describe('a probe of the application', () => {
  test('is given the address to check and a signal', async () => {
    const targets: string[] = []
    const targetOf = async (address: string, check: CheckOptions) => {
      const probe = async (target: Parameters<typeof formatAddress>[0], signal: AbortSignal) => {
        assert.ok(signal instanceof AbortSignal)
        targets.push(formatAddress(target))
        return passed
      }
      const clock = new VirtualClock()
      const { schedule } = new Bench(clock, { ...check, probe }, { address })
      schedule.start(0)
      await clock.advanceAsync(1)
      schedule.stop()
    }
    await targetOf('127.0.0.1:5001', {})
    await targetOf('127.0.0.1:5001', { port: 81 })
    await targetOf('127.0.0.1:5001', { address: '[::1]:82' })
    await targetOf('127.0.0.1:5001', { address: '[::1]:82', port: 83 })
    await targetOf('unix:/run/app.sock', {})
    await targetOf('127.0.0.1:5001', { address: 'unix:/run/check.sock' })
    const [own, ported, elsewhere, both, unix, unixElsewhere] = targets
    assert.deepEqual([own, ported, elsewhere, both], ['127.0.0.1:5001', '127.0.0.1:81', '[::1]:82', '[::1]:83'])
    assert.deepEqual([unix, unixElsewhere], ['unix:/run/app.sock', 'unix:/run/check.sock'])
  })

  const wrongs: [claim: string, probe: () => unknown, message: RegExp][] = [
    ['that throws', () => assert.fail('my mistake'), /my mistake/],
    ['that rejects', () => Promise.reject(new Error('my mistake')), /my mistake/],
    ['that throws no error', () => Promise.reject({ my: 'mistake' }), /my: 'mistake'/],
    ['that throws what has no text', () => Promise.reject(Object.create(null)), /null prototype/],
    ['that gives nothing', () => undefined, /ProbeResult/],
    ['that gives a boolean', async () => true, /ProbeResult/],
    ['that gives a result without a reason', async () => ({ passed: true, status: 'L7OK' }), /ProbeResult/],
    ['that gives an unknown status', async () => ({ ...passed, status: 'toString' }), /ProbeResult/],
    ['that gives a code as text', async () => ({ ...passed, code: '200' }), /ProbeResult/],
    [
      'whose promise is a trap',
      () => Object.defineProperty({}, 'then', { get: () => assert.fail('my mistake') }),
      /my mistake/,
    ],
    [
      'whose result is a trap',
      async () => ({
        get passed() {
          return assert.fail('my mistake')
        },
      }),
      /my mistake/,
    ],
  ]
  for (const [claim, probe, message] of wrongs) {
    test(`${claim} counts as a failed check, is reported, and is asked again`, async () => {
      let asked = 0
      const bench = new ProbeBench(() => {
        asked++
        return probe()
      })
      // Whatever was thrown is handed on as it is; a text of it may not exist.
      const faults: string[] = []
      const { clock, server } = bench
      const onFault = (_thrown: unknown, where: string) => faults.push(where)
      const schedule = new CheckSchedule(server, server.check!, {
        clock,
        random: noChance,
        target: { address: server.address },
        onFault,
      })
      schedule.start(0)
      await clock.advanceAsync(1)
      assert.equal(server.lastCheck?.passed, false)
      assert.equal(server.lastCheck?.status, 'SOCKERR')
      assert.match(server.lastCheck!.reason, /^the probe failed: /)
      assert.match(server.lastCheck!.reason, message)
      assert.deepEqual(faults, ['probe of server app1'])
      assert.equal(server.status, 'DOWN')
      await clock.advanceAsync(2001)
      assert.equal(asked, 2)
      schedule.stop()
      assert.equal(clock.timers, 0)
    })
  }

  test('that gives a plain value instead of a promise is taken at its word', async () => {
    const bench = new ProbeBench(() => passed)
    bench.schedule.start(0)
    await bench.clock.advanceAsync(1)
    assert.equal(bench.server.status, 'UP')
    assert.deepEqual(bench.faults, [])
    bench.schedule.stop()
  })

  test('that never settles is cut off by the timeout, and what it says later is ignored', async () => {
    const ends: ((result: ProbeResult) => void)[] = []
    const signals: AbortSignal[] = []
    const probe = (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise((resolve) => ends.push(resolve))
    }
    const bench = new ProbeBench(probe, { interval: 1000, timeout: 300 })
    bench.schedule.start(0)
    await bench.clock.advanceAsync(300)
    assert.equal(signals[0]?.aborted, false)
    await bench.clock.advanceAsync(1)
    assert.equal(signals[0]?.aborted, true)
    assert.equal(signals[0]?.reason.name, 'TimeoutError')
    const cutOff = { passed: false, status: 'L7TOUT', reason: 'no result in time', duration: 300 }
    assert.deepEqual(bench.server.lastCheck, cutOff)
    ends[0]!(passed)
    await bench.clock.advanceAsync(999)
    assert.deepEqual(bench.server.lastCheck, cutOff)
    assert.equal(signals.length, 1)
    await bench.clock.advanceAsync(1)
    assert.equal(signals.length, 2)
    assert.deepEqual(bench.faults, [])
    bench.schedule.stop()
  })

  test('may say how far it came when its time is over', async () => {
    const answer: ProbeResult = { passed: false, status: 'L4TOUT', reason: 'still looking up names' }
    const bench = new ProbeBench(
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(answer))),
    )
    bench.schedule.start(0)
    await bench.clock.advanceAsync(2001)
    assert.deepEqual(bench.server.lastCheck, { ...answer, code: undefined, duration: 2000 })
    bench.schedule.stop()
  })

  test('that rejects or passes when its time is over is too late all the same, and no fault', async () => {
    for (const settle of [(signal: AbortSignal) => Promise.reject(signal.reason), () => passed, () => 5]) {
      const bench = new ProbeBench(
        (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(settle(signal)))),
      )
      bench.schedule.start(0)
      await bench.clock.advanceAsync(2001)
      assert.equal(bench.server.lastCheck?.status, 'L7TOUT')
      assert.equal(bench.server.lastCheck?.duration, 2000)
      assert.deepEqual(bench.faults, [])
      bench.schedule.stop()
    }
  })
})

describe('stagger', () => {
  /** Starts servers with these check options together, and gives when each was first checked, from the start on. */
  async function firstChecks(checks: CheckOptions[]): Promise<number[]> {
    const clock = new VirtualClock({ start: 1 })
    const times: number[] = []
    const schedules = checks.map((check, index) => {
      const probe = async () => {
        times[index] ??= clock.now() - 1
        return passed
      }
      return new Bench(clock, { ...check, probe }).schedule
    })
    stagger(schedules)
    await clock.advanceAsync(10_000)
    for (const schedule of schedules) schedule.stop()
    assert.equal(clock.timers, 0)
    return times
  }

  test('spreads the first checks over the interval', async () => {
    // The clock's shortest time is 1 ms.
    assert.deepEqual(await firstChecks([{}, {}, {}, {}]), [1, 500, 1000, 1500])
  })

  test('takes the shortest interval of a second or more, or a server’s own if that is longer', async () => {
    const checks = [{ interval: 100 }, { interval: 8000 }, { interval: 2000 }, { interval: 200 }]
    assert.deepEqual(await firstChecks(checks), [1, 2000, 1000, 1500])
    assert.deepEqual(await firstChecks([{ interval: 100 }, { interval: 400 }]), [1, 200])
  })

  test('goes by the interval of the state that servers start in, as HAProxy does: the fast one', async () => {
    const check = { interval: 4000, fastInterval: 2000 }
    assert.deepEqual(await firstChecks([check, check, check, check]), [1, 500, 1000, 1500])
  })

  test('of nothing does nothing', () => {
    assert.doesNotThrow(() => stagger([]))
  })
})

describe('with real probes', () => {
  test('a server that dies goes down, and comes up when it is back', async (t) => {
    const path = await socketPath(t)
    const check = { interval: 5, timeout: 5000, rise: 2, fall: 2 }
    const bench = new Bench(systemClock, check, { address: `unix:${path}` })
    const changed = () =>
      new Promise<string>((resolve) => {
        bench.onChange = () => resolve(bench.server.status)
      })
    const alive = setInterval(() => {}, 60_000)
    t.after(() => clearInterval(alive))
    let next = changed()
    bench.schedule.start(0)
    assert.equal(await next, 'DOWN')
    assert.equal(bench.server.lastCheck?.status, 'L4CON')
    next = changed()
    const server = await Loopback.listen(t, () => {}, { path })
    assert.equal(await next, 'UP')
    assert.equal(bench.server.lastCheck?.status, 'L4OK')
    next = changed()
    server.server.close()
    assert.equal(await next, 'DOWN')
    bench.schedule.stop()
    await noSocketsOpen()
  })

  test('a silent server is cut off with L7TOUT, and stopping leaves nothing open', async (t) => {
    const server = await Loopback.listen(t, () => {})
    const clock = new VirtualClock()
    const bench = new Bench(clock, { http: {}, timeout: 1000 }, { address: formatAddress(server.address) })
    bench.schedule.start(0)
    await clock.advanceAsync(1)
    const peer = await server.accepted(0)
    while (peer.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advanceAsync(1000)
    const reason = 'no complete answer in time'
    assert.deepEqual(bench.server.lastCheck, {
      passed: false,
      status: 'L7TOUT',
      reason,
      code: undefined,
      duration: 1000,
    })
    await noSocketsOpen()
    await clock.advanceAsync(2000)
    await server.accepted(1)
    bench.schedule.stop()
    await noSocketsOpen()
    assert.equal(clock.timers, 0)
  })
})
