import type { Backend, ProxyServer } from '../index.js'

/** Tells what happens to the servers, a line each. */
export function narrate(proxy: ProxyServer, tell: (line: string) => void): void {
  const say = (line: string): void => tell(`${new Date().toTimeString().slice(0, 8)} ${line}`)
  proxy.on('server:down', ({ server, check }) => say(`${server.name} is down: ${check?.reason ?? 'ordered'}`))
  proxy.on('server:up', ({ server }) => say(`${server.name} is up again`))
  proxy.on('backend:down', () => say('no server is left: clients get 503'))
  proxy.on('backend:up', () => say('there is a server again'))
}

/** The state of things in one line. */
export function summary(proxy: ProxyServer, backend: Backend): string {
  const servers = backend.servers.map(({ name, status, counters }) => `${name} ${status} ${counters.chosen}`)
  const { requests, responses } = proxy.frontend('main').counters
  return `${servers.join('   ')}   ${requests} requests, ${responses.serverError} failed`
}
