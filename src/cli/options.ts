import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface CliOptions {
  readonly help: boolean
  readonly host: string
  readonly port: number
  readonly statsPort: number
  /** Addresses of the user's own servers; none: the demonstration. */
  readonly servers: readonly string[]
  /** Milliseconds between the outages of the demonstration; 0: none. */
  readonly outageEvery: number
}

/** A command line that makes no sense: the message says why, in one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What `--help` shows. */
export const usage = `Usage: npm start -- [options]

Starts a load balancer. Without --server it balances over three small servers of its own, one of which goes away now
and then, so that you can watch what happens.

  --server <host:port>      a server to balance over; may be given many times
  --port <port>             where the proxy listens (default 8080; 0: any free port)
  --stats-port <port>       where the stats page is (default 8404; 0: any free port)
  --host <address>          the address to listen at (default 127.0.0.1; 0.0.0.0: every IPv4 one)
  --outage-every <seconds>  how often a server of the demonstration goes away or comes back (default 15; 0: never)
  -h, --help                shows this
`

/** Reads the command line. Throws a {@link UsageError}. */
export function readOptions(args: readonly string[]): CliOptions {
  const values = parse(args)
  return {
    help: values.help ?? false,
    host: values.host ?? '127.0.0.1',
    port: readPort('--port', values.port ?? '8080'),
    statsPort: readPort('--stats-port', values['stats-port'] ?? '8404'),
    servers: values.server ?? [],
    outageEvery: readSeconds('--outage-every', values['outage-every'] ?? '15'),
  }
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        server: { type: 'string', multiple: true },
        port: { type: 'string' },
        'stats-port': { type: 'string' },
        host: { type: 'string' },
        'outage-every': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    // What Node says after the first sentence is about its own parser.
    const [reason = 'wrong arguments'] = (error as Error).message.split(/\. |\n/)
    throw new UsageError(`${reason}; --help shows the options`)
  }
}

function readPort(name: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new UsageError(`${name}: got '${text}', takes a port from 0 to 65535`)
}

function readSeconds(name: string, text: string): number {
  const seconds = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds <= 86_400) return seconds * 1000
  throw new UsageError(`${name}: got '${text}', takes seconds from 0 to 86400`)
}
