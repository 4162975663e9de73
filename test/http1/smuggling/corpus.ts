import type { RequestCase, ResponseCase } from './case.js'
import { chunkedBodies } from './chunks.js'
import { expectations, pipelines, values } from './connections.js'
import { lengthAndCoding, lengths, transferCodings } from './framing.js'
import { fieldLines, hosts, lineEnds, requestLines } from './heads.js'
import { bodyless, informational, responseFraming, responseHeads, surplus } from './responses.js'

/** Every case of a request, by its class. */
export const requestCases: Readonly<Record<string, readonly RequestCase[]>> = {
  'a length and a coding': lengthAndCoding,
  'transfer codings': transferCodings,
  lengths,
  chunks: chunkedBodies,
  'ends of lines': lineEnds,
  'lines of fields': fieldLines,
  'request lines': requestLines,
  hosts,
  pipelines,
  expectations,
  'values that are passed on': values,
}

/** Every case of a response, by its class. */
export const responseCases: Readonly<Record<string, readonly ResponseCase[]>> = {
  'the framing of responses': responseFraming,
  'the heads of responses': responseHeads,
  'informational responses': informational,
  'responses without a body': bodyless,
  'more than the response': surplus,
}
