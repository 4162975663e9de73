import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type OwnConnection, Session } from '../../src/core/session.js'

/** A server connection that writes down its end. */
class Connection implements OwnConnection {
  isDestroyed = false
  boundTo: object | undefined
  constructor(
    readonly owner: object,
    private readonly session: Session,
  ) {}

  destroy(): void {
    this.isDestroyed = true
    this.session.forget(this)
  }
}

function makeSession(): Session {
  return new Session({ sessionClosed: () => {} }, { address: '192.0.2.1', port: 1 }, 80, false)
}

describe('the idle server connections of a session', () => {
  test('are taken up again by whoever made them, the youngest first', () => {
    const session = makeSession()
    const [one, other] = [{}, {}]
    const connections = [one, other, one].map((owner) => new Connection(owner, session))
    for (const connection of connections) assert.equal(session.keep(connection), true)
    assert.equal(session.takeOwn(one), connections[2])
    assert.equal(session.takeOwn(one), connections[0])
    assert.equal(session.takeOwn(one), undefined)
    assert.equal(session.takeOwn(other), connections[1])
  })

  test('tell which server knows the client by one of them, while there is one', () => {
    const session = makeSession()
    const [plain, bound] = [new Connection(session, session), new Connection(session, session)]
    const server = {}
    bound.boundTo = server
    session.keep(plain)
    assert.equal(session.boundTo, undefined)
    session.keep(bound)
    assert.equal(session.boundTo, server)
    session.forget(bound)
    assert.equal(session.boundTo, undefined)
  })

  test('are five at most', () => {
    const session = makeSession()
    const keep = (): boolean => session.keep(new Connection(session, session))
    assert.deepEqual(Array.from({ length: 6 }, keep), [true, true, true, true, true, false])
    session.takeOwn(session)
    assert.equal(keep(), true)
  })

  test('go with it, and none is kept after that', () => {
    const session = makeSession()
    const connections = Array.from({ length: 3 }, () => new Connection(session, session))
    for (const connection of connections) session.keep(connection)
    session.forget(connections[1]!)
    session.close()
    assert.deepEqual(
      connections.map(({ isDestroyed }) => isDestroyed),
      [true, false, true],
    )
    assert.equal(session.keep(new Connection(session, session)), false)
  })
})
