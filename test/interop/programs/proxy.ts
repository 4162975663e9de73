// A proxy in a process of its own, in front of the server whose address is its argument: says its id and its port.
import { createProxy } from '../../../src/index.js'

const proxy = createProxy({ bind: '127.0.0.1:0', servers: [process.argv[2]!] })
await proxy.listen()
const bound = proxy.addresses().main![0]!
process.stdout.write(`${process.pid} ${'port' in bound && bound.port}\n`)
// Whoever started it may be gone without a word.
setTimeout(() => process.exit(), 120_000)
