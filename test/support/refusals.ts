import assert from 'node:assert/strict'
import { createProxy, OptionError, type ProxyConfig } from '../../src/index.js'

/** The error that a configuration is refused with; it may be wrong in type. */
export function refusal(config: unknown): OptionError {
  try {
    createProxy(config as ProxyConfig)
  } catch (error) {
    assert.ok(error instanceof OptionError, String(error))
    return error
  }
  throw new Error(`was accepted: ${JSON.stringify(config)}`)
}

/** Asserts that the refusal names the option, the value that came, and what it takes. */
export function refuses(config: unknown, path: string, value?: unknown): void {
  const error = refusal(config)
  assert.equal(error.path, path)
  assert.equal(error.code, 'ERR_EVENKEEL_OPTION')
  assert.ok(error.message.startsWith(`${path}: got `), error.message)
  assert.ok(error.expected.length > 3 && error.message.endsWith(`, takes ${error.expected}`), error.message)
  if (value !== undefined) assert.deepEqual(error.value, value)
}
