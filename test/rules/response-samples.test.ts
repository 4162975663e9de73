import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import { ReceivedResponse } from '../../src/core/response-view.js'
import { OptionError } from '../../src/index.js'
import { response } from '../../src/rules/response-samples.js'
import { view } from './views.js'

/** The view of an exchange whose response has these fields, flat. */
function answered(...fields: string[]) {
  const exchange = view({ fields: ['Host', 'a.test', 'X-A', 'request', 'Cookie', 'SID=request'] })
  exchange.response = new ReceivedResponse(new RawResponseHead(200, 'OK', fields, 'GET'))
  return exchange
}

describe('samples of responses', () => {
  test('find nothing where there is no response yet', () => {
    const { value, exists } = response.header('x-a')
    assert.deepEqual([value(view()), exists()(view())], [undefined, false])
    assert.equal(response.cookie('SID').value(view({ fields: ['Host', 'a', 'Set-Cookie', 'SID=1'] })), undefined)
  })

  test('take fields of the response, as those of requests are taken', () => {
    const exchange = answered('X-A', 'a, b', 'x-a', 'c, d')
    assert.equal(response.header('X-A').value(exchange), 'd')
    assert.equal(response.header('X-A').whole.value(exchange), 'c, d')
    assert.equal(response.header('x-a').is('b')(exchange), true)
    assert.equal(response.header('x-a').is('request')(exchange), false)
    assert.equal(response.header('x-a').is('b').description, 'response header x-a is b')
  })

  test('take cookies that the response sets, and no attribute for one', () => {
    const exchange = answered(
      'Set-Cookie',
      'SID=a; Path=/',
      'set-cookie',
      'x=1; SID=b',
      'Set-Cookie',
      ' SID = "c;d" ;x',
    )
    assert.equal(response.cookie('SID').value(exchange), '"c;d"')
    assert.equal(response.cookie('SID').is('a')(exchange), true)
    assert.equal(response.cookie('SID').is('b')(exchange), false)
    assert.equal(response.cookie('SID').is('request')(exchange), false)
    assert.equal(response.cookie('Path').exists()(exchange), false)
  })

  test('refuse what can be no name', () => {
    for (const side of ['header', 'cookie'] as const) {
      const path = `response.${side}(arguments[0])`
      assert.throws(
        () => response[side]('a b'),
        (error: unknown) => error instanceof OptionError && error.path === path,
      )
    }
  })

  test('let a condition ask for the status', () => {
    assert.equal(answered().response?.status, 200)
  })
})
