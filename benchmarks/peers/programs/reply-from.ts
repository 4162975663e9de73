import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import { portOf } from '../../ports.js'
import { announce, target } from './serve.js'

const app = fastify()
// The body goes through as it comes instead of being parsed.
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
app.register(replyFrom, {
  base: target,
  disableRequestLogging: true,
  undici: { connections: 128, pipelining: 1 },
})
const hooks: Parameters<import('fastify').FastifyReply['from']>[1] = {
  // It passes the server's "Connection: keep-alive" on, even to a client that asked to close and will be closed.
  rewriteHeaders: (headers) => {
    delete headers.connection
    return headers
  },
}
app.all('/*', (_request, reply) => {
  reply.from(undefined, hooks)
})
await app.listen({ port: 0, host: '127.0.0.1' })
announce({ http: portOf(app.server.address()) })
