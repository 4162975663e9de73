import { type BoundAddress, createProxy, type ProxyServer } from '../index.js'
import { DemoServer } from './demo-server.js'
import { narrate, summary } from './narration.js'
import type { CliOptions } from './options.js'
import { Outages } from './outages.js'
import { onShutdown } from './shutdown.js'
import { StatusLine } from './status-line.js'

/** How often the status line is brought up to date, in milliseconds. */
const refreshInterval = 500

/** Starts what the options ask for, until a signal comes. Rejects when it can't start. */
export async function run(options: CliOptions): Promise<void> {
  const line = new StatusLine(process.stdout)
  const demo = options.servers.length > 0 ? [] : ['app1', 'app2', 'app3'].map((name) => new DemoServer(name))
  for (const server of demo) await server.start()
  const proxy = makeProxy(options, demo)
  const outages = new Outages(demo)
  narrate(proxy, (text) => line.print(text))
  await proxy.listen()
  greet(proxy, options, (text) => line.print(text))

  const backend = proxy.backend('main')
  const refresh = setInterval(() => line.show(summary(proxy, backend)), refreshInterval)
  outages.start(options.outageEvery)

  onShutdown(async () => {
    clearInterval(refresh)
    outages.stop()
    line.clear()
    line.print('closing: what is under way may finish within 10 seconds; Ctrl-C again leaves at once')
    await proxy.close({ timeout: '10s' })
    for (const server of demo) server.stop()
    line.print(summary(proxy, backend))
  })
}

function makeProxy({ host, port, statsPort, servers }: CliOptions, demo: readonly DemoServer[]): ProxyServer {
  return createProxy({
    bind: bindOf(host, port),
    servers: demo.length > 0 ? demo.map(({ name, address }) => ({ name, address })) : servers,
    check: { interval: '1s', fastInterval: '200ms', rise: 2, fall: 2 },
    forwardFor: true,
    stats: { bind: bindOf(host, statsPort), refresh: '2s' },
  })
}

function bindOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function greet(proxy: ProxyServer, { servers, outageEvery }: CliOptions, print: (line: string) => void): void {
  const { main = [], stats = [] } = proxy.addresses()
  if (servers.length > 0) print(`evenkeel balances over ${servers.join(', ')}`)
  else {
    print('evenkeel balances over three small servers of its own: app1, app2, app3')
    if (outageEvery > 0) print(`one of them goes away or comes back every ${outageEvery / 1000} s`)
  }
  const proxyUrl = urlOf(main[0])
  print('')
  print(`  proxy   ${proxyUrl}/`)
  print(`  stats   ${urlOf(stats[0])}/stats`)
  print(`  try     curl ${proxyUrl}/`)
  print('')
  print('Ctrl-C leaves')
}

function urlOf(bound: BoundAddress | undefined): string {
  if (bound === undefined || 'path' in bound) return ''
  const { address, port } = bound
  // An address that stands for all of them is no place to go to.
  if (address === '::' || address === '0.0.0.0') return `http://localhost:${port}`
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}
