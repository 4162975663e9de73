import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createProxy, type ExchangeRecord, type ProxyServer } from '../../src/index.js'
import { run } from '../support/command.js'
import { nobody, startDaemon } from '../support/daemon.js'
import { freePorts } from '../support/free-ports.js'
import { skipWithout } from '../support/programs.js'
import { until } from '../support/within.js'

const timeout = 60_000

/** A folder of one test. */
async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'evenkeel-programs-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A proxy in TCP mode before one server. */
async function proxyBefore(t: TestContext, port: number) {
  const records: ExchangeRecord[] = []
  const proxy: ProxyServer = createProxy({
    mode: 'tcp',
    bind: '127.0.0.1:0',
    servers: { live: `127.0.0.1:${port}` },
    log: (record) => records.push(record),
  })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const bound = proxy.addresses().main![0]!
  return { port: 'port' in bound ? String(bound.port) : '', records, proxy }
}

async function logged(records: readonly ExchangeRecord[]): Promise<ExchangeRecord> {
  await until(() => records.length > 0, 'nothing was logged')
  return records.at(-1)!
}

test('redis-cli talks to redis-server', { skip: skipWithout('redis-server', 'redis-cli'), timeout }, async (t) => {
  const [origin = 0] = await freePorts(1)
  const options = ['--port', String(origin), '--bind', '127.0.0.1', '--save', '', '--dir', await folder(t)]
  await startDaemon(t, 'redis-server', options, origin)
  const { port, records } = await proxyBefore(t, origin)
  const value = randomBytes(300_000).toString('base64')
  assert.equal((await run('redis-cli', ['-p', port, '-x', 'SET', 'big'], value)).stdout, 'OK\n')
  assert.equal((await run('redis-cli', ['-p', port, 'GET', 'big'])).stdout, `${value}\n`)
  // A pipe: everything is sent at once, and answered as it comes.
  const commands = Array.from({ length: 5000 }, () => 'INCR count\r\n').join('')
  const piped = await run('redis-cli', ['-p', port, '--pipe'], commands)
  assert.match(piped.stdout, /errors: 0, replies: 5000/)
  assert.equal((await run('redis-cli', ['-p', port, 'GET', 'count'])).stdout, '5000\n')
  const { termination, bytesIn, bytesOut, status } = await logged(records)
  assert.equal(status, -1)
  assert.ok(termination === '----' || termination === 'CD--', termination)
  assert.ok(bytesIn > 0 && bytesOut > 0)
})

test('a subscriber hears at once what redis-server has to say', {
  skip: skipWithout('redis-server', 'redis-cli'),
  timeout,
}, async (t) => {
  const [origin = 0] = await freePorts(1)
  const options = ['--port', String(origin), '--bind', '127.0.0.1', '--save', '', '--dir', await folder(t)]
  await startDaemon(t, 'redis-server', options, origin)
  const { port, proxy } = await proxyBefore(t, origin)
  const subscriber = run('redis-cli', ['-p', port], 'SUBSCRIBE news\n')
  let receivers = ''
  while (!receivers.startsWith('1')) {
    receivers = (await run('redis-cli', ['-p', String(origin), 'PUBLISH', 'news', 'hello'])).stdout
  }
  await until(() => proxy.backend('main').counters.bytesOut > 60, 'bytes are not counted while the tunnel lasts')
  proxy.backend('main').server('live').maintenance()
  await proxy.close({ timeout: 1 })
  assert.match((await subscriber).stdout, /news\s+hello/)
})

test('ssh logs in and copies through sshd', { skip: skipWithout('sshd', 'ssh', 'ssh-keygen'), timeout }, async (t) => {
  const [origin = 0] = await freePorts(1)
  const at = await folder(t)
  for (const name of ['host', 'user']) {
    assert.equal((await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(at, name)])).code, 0)
  }
  await writeFile(join(at, 'authorized'), await readFile(join(at, 'user.pub')), { mode: 0o600 })
  const configuration = [
    `Port ${origin}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(at, 'host')}`,
    `AuthorizedKeysFile ${join(at, 'authorized')}`,
    `PidFile ${join(at, 'pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
  ]
  await writeFile(join(at, 'sshd_config'), `${configuration.join('\n')}\n`)
  // An empty folder that sshd wants as root; where it runs as a service, that makes it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  await startDaemon(t, 'sshd', ['-D', '-e', '-f', join(at, 'sshd_config')], origin)
  const { port, records } = await proxyBefore(t, origin)
  const options = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no', 'BatchMode=yes', 'IdentitiesOnly=yes']
  const ssh = (command: string, input?: Buffer) =>
    run(
      'ssh',
      [
        ...['-F', '/dev/null', '-i', join(at, 'user'), '-p', port, ...options.flatMap((option) => ['-o', option])],
        `${userInfo().username}@127.0.0.1`,
        command,
      ],
      input,
    )
  const hello = await ssh('echo hello from $SSH_CONNECTION')
  assert.equal(hello.code, 0, hello.stderr)
  assert.match(hello.stdout, /^hello from 127\.0\.0\.1 /)
  // Much both ways, and the end of the client's side brings the answer.
  const data = randomBytes(3_000_000)
  const sum = await ssh('sha256sum', data)
  assert.equal(sum.stdout, `${createHash('sha256').update(data).digest('hex')}  -\n`)
  assert.equal((await ssh('exit 7')).code, 7)
  const record = await logged(records)
  assert.equal(record.server, 'live')
})

test('psql asks PostgreSQL', { skip: skipWithout('postgres', 'initdb', 'psql'), timeout }, async (t) => {
  const [origin = 0] = await freePorts(1)
  const at = await folder(t)
  const { uid, gid } = nobody
  if (uid !== undefined && gid !== undefined) await chown(at, uid, gid)
  await chmod(at, 0o755)
  const data = join(at, 'data')
  const made = await run('initdb', ['-D', data, '-U', 'keel', '-A', 'trust', '--no-sync', '-E', 'UTF8'], '', nobody)
  assert.equal(made.code, 0, made.stderr)
  const settings = [`port=${origin}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${at}`, 'fsync=off']
  await startDaemon(t, 'postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], origin, nobody)
  const { port, records } = await proxyBefore(t, origin)
  const ask = (sql: string) =>
    run('psql', ['-h', '127.0.0.1', '-p', port, '-U', 'keel', '-d', 'postgres', '-qAtX', '-v', 'ON_ERROR_STOP=1'], sql)
  // It accepts before it is ready to serve.
  for (let tries = 0; (await ask('select 1;')).code !== 0 && tries < 50; tries++);
  const rows = await ask('select sum(n), count(*) from generate_series(1, 200000) n;')
  assert.equal(rows.stdout, '20000100000|200000\n', rows.stderr)
  const wide = await ask("select repeat('x', 2000000);")
  assert.equal(wide.stdout.length, 2_000_001)
  const { server, termination } = await logged(records)
  assert.deepEqual([server, termination], ['live', '----'])
})
