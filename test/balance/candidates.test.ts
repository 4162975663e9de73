import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { selectCandidates } from '../../src/balance/candidates.js'
import { Server } from '../../src/core/server.js'

const active = (name: string) => new Server(name, { address: '127.0.0.1:5001' })
const backup = (name: string) => new Server(name, { address: '127.0.0.1:5001', backup: true })

function names(servers: readonly Server[], allBackups = false): string {
  return selectCandidates(servers, allBackups)
    .map(({ name }) => name)
    .join(' ')
}

describe('the candidates', () => {
  test('are the usable active servers, as long as there is one', () => {
    const servers = [active('a'), backup('x'), active('b'), active('c'), active('d')]
    servers[0]!.maintenance()
    servers[3]!.drain()
    servers[4]!.weight = 0
    assert.equal(names(servers), 'b')
    assert.equal(names(servers, true), 'b')
  })

  test('are the first usable backup where no active server is usable', () => {
    const servers = [active('a'), backup('x'), backup('y'), backup('z')]
    servers[0]!.maintenance()
    servers[1]!.maintenance()
    assert.equal(names(servers), 'y')
  })

  test('are all usable backups when the backend asks for that', () => {
    const servers = [active('a'), backup('x'), backup('y'), backup('z')]
    servers[0]!.drain()
    servers[2]!.drain()
    assert.equal(names(servers, true), 'x z')
  })

  test('are nobody where nobody is usable', () => {
    const servers = [active('a'), backup('x')]
    for (const server of servers) server.maintenance()
    assert.equal(names(servers), '')
    assert.equal(names([]), '')
  })
})
