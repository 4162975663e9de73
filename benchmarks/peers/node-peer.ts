import type { Children } from '../children.js'
import type { Origin } from '../origin/origin.js'
import type { Peer, PeerKind, RunningPeer } from './peer.js'

/** A Node proxy, run by one of the small programs in `programs/`. */
export class NodePeer implements Peer {
  readonly name: string
  readonly kind: PeerKind
  readonly version: string
  readonly #program: URL
  readonly #nodeFlags: readonly string[]

  constructor(name: string, kind: PeerKind, version: string, program: string, nodeFlags: readonly string[]) {
    this.name = name
    this.kind = kind
    this.version = version
    this.#program = new URL(`./programs/${program}.js`, import.meta.url)
    this.#nodeFlags = nodeFlags
  }

  async start(origin: Origin, _folder: string, children: Children): Promise<RunningPeer> {
    const child = children.startProgram(this.#program, origin.ports.map(String), this.#nodeFlags)
    const ports = (await child.announcement()) as RunningPeer['ports']
    return { peer: this, ports, pid: child.pid }
  }
}
