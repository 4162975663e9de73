import fastProxy from 'fast-proxy'
import { serve, target } from './serve.js'

const { proxy } = fastProxy({ base: target, undici: true })
serve((request, response) => proxy(request, response, request.url ?? '/'))
