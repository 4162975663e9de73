import { readFileSync } from 'node:fs'
import { type ErrorPage, ownFields } from './core/error-page.js'
import { OptionError } from './util/errors.js'

/**
 * Reads an error page from a file in HAProxy's form: a whole HTTP response, with status line, fields, an empty line and
 * a body; a file without a status line is a body of HTML. Throws an {@link OptionError} for a file that can't be read,
 * or whose head is malformed.
 *
 * HAProxy: `errorfile`.
 */
export function errorFile(file: string, path = 'errorFile'): ErrorPage {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch (cause) {
    throw new OptionError(path, file, `a file that can be read (${cause instanceof Error ? cause.message : cause})`)
  }
  const text = content.toString('latin1')
  if (!text.startsWith('HTTP/')) return { body: content }
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null) throw new OptionError(path, file, 'a file with an empty line between fields and body')
  const fields = readFields(text.slice(0, end.index), file, path)
  const contentType = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  const headers = Object.fromEntries(fields.filter(([name]) => !ownFields.has(name.toLowerCase())))
  const body = content.subarray(end.index + end[0].length)
  return { body, headers, ...(contentType === undefined ? {} : { contentType }) }
}

function readFields(head: string, file: string, path: string): [name: string, value: string][] {
  return head
    .split(/\r?\n/)
    .slice(1)
    .map((line) => {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/.exec(line)
      if (match === null)
        throw new OptionError(path, file, `a file whose fields are valid, unlike ${JSON.stringify(line)}`)
      return [match[1]!, match[2]!]
    })
}
