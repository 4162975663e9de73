import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ServerEvent, type ServerState, transition } from '../../src/core/server-state.js'

const operationals = ['running', 'stopped'] as const
const administratives = ['ready', 'drain', 'maintenance'] as const
const states: ServerState[] = operationals.flatMap((operational) =>
  administratives.map((administrative) => ({ operational, administrative })),
)
const events: ServerEvent[] = ['rose', 'fell', 'ready', 'drain', 'maintenance']

describe('transition', () => {
  test('checks change what the server can do, and leave what was ordered', () => {
    for (const state of states) {
      assert.deepEqual(transition(state, 'rose'), { ...state, operational: 'running' })
      assert.deepEqual(transition(state, 'fell'), { ...state, operational: 'stopped' })
    }
  })

  test('orders change what was ordered, and leave what checks said', () => {
    for (const state of states.filter(({ administrative }) => administrative !== 'maintenance')) {
      for (const order of administratives) {
        assert.deepEqual(transition(state, order), { ...state, administrative: order })
      }
    }
  })

  test('a server that leaves maintenance is taken to be up', () => {
    for (const operational of operationals) {
      for (const order of ['ready', 'drain'] as const) {
        const after = transition({ operational, administrative: 'maintenance' }, order)
        assert.deepEqual(after, { operational: 'running', administrative: order })
      }
    }
  })

  test('an event that changes nothing gives the same object, and no event alters the one it was given', () => {
    for (const state of states) {
      for (const event of events) {
        const before = Object.freeze({ ...state })
        const after = transition(before, event)
        const isSame = after.operational === state.operational && after.administrative === state.administrative
        assert.equal(after === before, isSame)
      }
    }
    assert.equal(transition(states[2]!, 'maintenance'), states[2])
  })
})
