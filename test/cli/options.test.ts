import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from '../../src/cli/options.js'

test('without arguments it is the demonstration at the usual ports, for this machine only', () => {
  assert.deepEqual(readOptions([]), {
    help: false,
    host: '127.0.0.1',
    port: 8080,
    statsPort: 8404,
    servers: [],
    outageEvery: 15_000,
  })
})

test('every option is read, and --server as often as it stands there', () => {
  const args = [
    '--server',
    'a:1',
    '--server=b:2',
    '--port',
    '0',
    '--stats-port',
    '9',
    '--host',
    '::',
    '--outage-every',
    '0.5',
  ]
  assert.deepEqual(readOptions(args), {
    help: false,
    host: '::',
    port: 0,
    statsPort: 9,
    servers: ['a:1', 'b:2'],
    outageEvery: 500,
  })
})

const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
  [['--port', '65536'], /^--port: got '65536', takes a port from 0 to 65535$/],
  [['--port', '80a'], /^--port: got '80a'/],
  [['--stats-port', '-1'], /stats-port/],
  [['--outage-every', 'soon'], /^--outage-every: got 'soon', takes seconds/],
  [['--nonsense'], /^Unknown option '--nonsense'; --help shows the options$/],
  [['8080'], /^Unexpected argument '8080'/],
  [['--port'], /--port/],
]

for (const [args, message] of wrong) {
  test(`${args.join(' ')} is refused in one line`, () => {
    assert.throws(
      () => readOptions(args),
      (error: unknown) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /\n/)
        return true
      },
    )
  })
}
