import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { readCount } from './sticky-record.js'
import { type StickyEntry, serverIndex } from './sticky-store.js'
import type { StoredLayout } from './stored-layout.js'
import type { StoredType } from './stored-types.js'

/** What is to be set of an entry: the server, and all values but what is in use. */
export type EntryChange = { readonly server?: string } & { readonly [Type in StoredType]?: number }

/** Reads a change; throws an {@link OptionError} for what the table does not store and for bad values. */
export function readChange(
  change: unknown,
  layout: StoredLayout,
  path: string,
): (entry: StickyEntry, now: number) => void {
  const reader = new OptionReader(change, path)
  const server = reader.string('server')
  const writes = Object.entries(reader.values)
    .filter(([name, value]) => name !== 'server' && value !== undefined)
    .map(([name, value]) => {
      const slot = layout.slot(name, `${path}.${name}`)
      if (slot.kind === 'uses') throw new OptionError(`${path}.${name}`, value, 'nothing, as it tells what is in use')
      return { slot, value: readCount(value, `${path}.${name}`) }
    })
  return (entry, now) => {
    if (server !== undefined) entry[serverIndex] = server
    for (const { slot, value } of writes) layout.write(entry, slot, value, now)
  }
}
