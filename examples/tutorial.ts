// The usual first configuration: static files from one backend, everything else from another.
import { any, createProxy, path } from 'evenkeel'
import { get, startOrigin, urlOf } from './support.js'

const files = await startOrigin('static1')
const apps = await Promise.all(['app1', 'app2', 'app3', 'app4'].map((name) => startOrigin(name)))

const proxy = createProxy({
  defaults: {
    timeout: { connect: '10s', client: '1m', server: '1m', queue: '1m', httpRequest: '10s', httpKeepAlive: '10s' },
    retries: 3,
    redispatch: true,
    forwardFor: { except: '127.0.0.0/8' },
  },
  frontends: {
    main: {
      bind: '127.0.0.1:0',
      maxConnections: 3000,
      routes: [
        {
          backend: 'static',
          when: any(
            path.ignoreCase.startsWith('/static', '/images', '/javascript', '/stylesheets'),
            path.ignoreCase.endsWith('.jpg', '.gif', '.png', '.css', '.js'),
          ),
        },
      ],
      defaultBackend: 'app',
    },
  },
  backends: {
    static: { balance: 'roundrobin', check: true, servers: { static1: files.address } },
    app: {
      balance: 'roundrobin',
      check: true,
      servers: apps.map(({ address }, i) => ({ name: `app${i + 1}`, address })),
    },
  },
})
await proxy.listen()
for (const target of ['/', '/login', '/logo.PNG', '/static/a.css?v=2']) console.log(await get(urlOf(proxy) + target))
await proxy.close()
for (const origin of [files, ...apps]) origin.close()
