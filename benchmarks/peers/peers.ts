import { findPackage, findProgram } from '../installed.js'
import { HaproxyPeer } from './haproxy.js'
import { NginxPeer } from './nginx.js'
import { NodePeer } from './node-peer.js'
import type { Peer, PeerKind } from './peer.js'

const packages: readonly (readonly [name: string, kind: PeerKind, program: string])[] = [
  ['evenkeel', 'evenkeel', 'evenkeel'],
  ['http-proxy', 'node', 'http-proxy'],
  ['http-proxy-3', 'node', 'http-proxy-3'],
  ['@fastify/reply-from', 'node', 'reply-from'],
  ['fast-proxy', 'node', 'fast-proxy'],
  ['httpxy', 'node', 'httpxy'],
  ['pipe', 'node', 'pipe'],
]

/** The names that `--peers` takes, in the order of the report. */
export const peerNames: readonly string[] = [...packages.map(([name]) => name), 'haproxy', 'nginx']

/** Finds the named peer; undefined when it is not installed here. */
export function findPeer(name: string, nodeFlags: readonly string[]): Peer | undefined {
  const row = packages.find((entry) => entry[0] === name)
  if (row !== undefined) {
    // What has no package is Node itself.
    const version = name === 'pipe' ? process.versions.node : findPackage(name)?.version
    return version === undefined ? undefined : new NodePeer(name, row[1], version, row[2], nodeFlags)
  }
  const found = findProgram(name)
  if (found === undefined) return undefined
  return name === 'haproxy' ? new HaproxyPeer(found) : new NginxPeer(found)
}
