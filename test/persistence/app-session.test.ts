import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { AppSessionOptions } from '../../src/index.js'
import { header } from '../../src/rules/samples.js'
import { Scene, type Visit } from './scene.js'

function scene(options: Partial<AppSessionOptions> = {}, rest: BackendOptions = {}): Scene {
  return new Scene({ appSession: { name: 'JS', length: 8, timeout: '1h', ...options }, ...rest })
}

/** Begins a session on server `b`, as the round robin has it: the first request is nobody's. */
function begun(proxy: Scene, set = 'JS=one'): Scene {
  proxy.visit()
  assert.equal(proxy.visit({ says: [`Set-Cookie: ${set}; Path=/`] }).server, 'b')
  return proxy
}

/** Whether requests like that are kept on `b`, whatever the turn. */
function keeps(proxy: Scene, visit: Visit): boolean {
  return [1, 2, 3].every(() => proxy.visit(visit).server === 'b')
}

describe('an application’s session', () => {
  test('stays with the server that began it, by its cookie', () => {
    const proxy = begun(scene())
    assert.ok(keeps(proxy, { cookie: 'x=1; JS=one; y=2' }))
    for (const cookie of ['JS=two', 'js=one', 'JSX=one', 'x=JS=one', 'JS=', 'JS']) {
      assert.ok(!keeps(proxy, { cookie }), cookie)
    }
  })

  test('stays with it by a parameter of the path, in any case', () => {
    const proxy = begun(scene())
    for (const target of [
      '/a;js=one',
      '/a;JS=one?x=1',
      '/a;x=1;Js=one',
      '/a;JS=one;x',
      'http://a.test/a;JS=one',
      '/a;JS=zz;JS=one',
    ]) {
      assert.ok(keeps(proxy, { target }), target)
      assert.ok(keeps(proxy, { target, method: 'POST' }), target)
    }
    for (const target of ['/a?JS=one', '/JS=one', '/a;JSX=one', '/a;x=JS=one', '/a;JS=', '/a;JS=one;JS=zz']) {
      assert.ok(!keeps(proxy, { target }), target)
    }
    assert.ok(!keeps(proxy, { target: '/a;JS=one', method: 'PUT' }))
  })

  test('stays with it by a parameter of the query, where that is the mode', () => {
    const proxy = begun(scene({ mode: 'query-string' }))
    for (const target of ['/?JS=one', '/a?x=1&js=one', '/a?JS=one&x']) assert.ok(keeps(proxy, { target }), target)
    for (const target of ['/a;JS=one', '/?xJS=one', '/?JS=one;x', '/']) assert.ok(!keeps(proxy, { target }), target)
  })

  test('is known by the first characters of its id', () => {
    const proxy = begun(scene(), 'JS=12345678abc')
    assert.ok(keeps(proxy, { cookie: 'JS=12345678xyz' }))
    assert.ok(!keeps(proxy, { cookie: 'JS=1234567' }))
  })

  test('is known by what follows the beginning of a name, where that is asked for', () => {
    const proxy = begun(scene({ name: 'ASPSESSIONID', prefix: true, length: 32 }), 'ASPSESSIONIDABC=one')
    assert.ok(keeps(proxy, { cookie: 'ASPSESSIONIDABC=one' }))
    assert.ok(keeps(proxy, { target: '/;aspsessionidABC=one' }))
    assert.ok(!keeps(proxy, { cookie: 'ASPSESSIONIDABD=one' }))
  })

  test('is forgotten when it was not seen for its time', () => {
    const proxy = begun(scene())
    for (let i = 0; i < 3; i++) {
      proxy.clock.advance(3_599_000)
      assert.ok(keeps(proxy, { cookie: 'JS=one' }))
    }
    proxy.clock.advance(3_600_000)
    assert.ok(!keeps(proxy, { cookie: 'JS=one' }))
  })

  test('is learned from requests only where that is asked for', () => {
    const plain = scene()
    for (let i = 0; i < 2; i++) plain.visit({ cookie: 'JS=new' })
    assert.ok(!keeps(plain, { cookie: 'JS=new' }))
    const learning = scene({ requestLearn: true })
    learning.visit()
    learning.visit({ target: '/;JS=new' })
    assert.ok(keeps(learning, { cookie: 'JS=new' }))
  })

  test('keeps its server when another one sets the same id', () => {
    const proxy = begun(scene())
    assert.equal(proxy.visit({ says: ['Set-Cookie: JS=one'] }).server, 'a')
    assert.ok(keeps(proxy, { cookie: 'JS=one' }))
  })

  test('is none when its id is empty, as in a cookie that is taken back', () => {
    const proxy = begun(scene(), 'JS=')
    assert.ok(!keeps(proxy, { cookie: 'JS=' }))
  })

  test('leaves a server that is down, and waits for one that drains', () => {
    const proxy = begun(scene())
    proxy.backend.server('b').drain()
    assert.ok(keeps(proxy, { cookie: 'JS=one' }))
    proxy.backend.server('b').maintenance()
    assert.equal(proxy.visit({ cookie: 'JS=one' }).server, 'a')
  })

  test('makes room for others when there are more than its table holds', () => {
    const proxy = scene({ size: 2 })
    for (const id of ['one', 'two', 'three']) proxy.visit({ says: [`Set-Cookie: JS=${id}`] })
    const [one, three] = ['one', 'three'].map((id) => proxy.visit({ cookie: `JS=${id}` }).server)
    assert.deepEqual([one, three], ['b', 'a'])
  })

  test('does not count, nor is it learned, where cookies are ignored', () => {
    const proxy = begun(scene({}, { ignorePersist: header('x-ignore').exists() }))
    assert.ok(!keeps(proxy, { cookie: 'JS=one', fields: ['X-Ignore', '1'] }))
    for (let i = 0; i < 2; i++) proxy.visit({ says: ['Set-Cookie: JS=two'], fields: ['X-Ignore', '1'] })
    assert.ok(!keeps(proxy, { cookie: 'JS=two' }))
    assert.ok(keeps(proxy, { cookie: 'JS=one' }))
  })
})
