import dns from 'node:dns'
import type { TestContext } from 'node:test'

/** Gives a host name for which no look-up ever ends, until the test is over. */
export function silentName(t: TestContext): string {
  const name = 'silent.test'
  const { lookup } = dns
  t.mock.method(dns, 'lookup', (asked: string, ...rest: never[]) => {
    if (asked !== name) Reflect.apply(lookup, dns, [asked, ...rest])
  })
  return name
}
