// A frontend as middleware: what it has a route for goes to the servers, everything else on to the application.
import { Backend, Frontend, handler, path } from 'evenkeel'
import express from 'express'
import { get, listen, startOrigin } from './support.js'

const origin = await startOrigin('api1')
const api = new Backend('api', { servers: [{ name: 'api1', address: origin.address }] })
const web = new Frontend('web', { routes: [{ backend: api, when: path.startsWith('/api/') }] })

const application = express()
// Before any body parser: a body that somebody has read can't be forwarded.
application.use(handler(web))
application.get('/', (_request, response) => {
  response.send('the application answers')
})

const server = application.listen(0, '127.0.0.1')
const url = await listen(server)
console.log(await get(`${url}/`))
console.log(await get(`${url}/api/users`))
console.log((await fetch(`${url}/missing`)).status)

server.close()
origin.close()
