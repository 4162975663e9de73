import type { Backend } from './backend.js'
import type { Downstream } from './carrier.js'
import { type ErrorPages, errorAnswer } from './error-page.js'
import type { Frontend } from './frontend.js'
import type { RequestHead } from './message/head.js'
import { RawResponseHead } from './message/raw-head.js'

/** Answers a request from here, where no server does. */
export function answerError(
  client: Downstream,
  request: RequestHead,
  status: number,
  backend: Backend | undefined,
  frontend: Frontend,
): void {
  const pages = [backend?.settings.errorFiles ?? none, frontend.settings.errorFiles]
  const { reason, fields, body } = errorAnswer(status, request.get('accept'), pages)
  const head = new RawResponseHead(status, reason, fields, request.method)
  try {
    client.respond(head, [], head.bodyLength === 0 ? undefined : body, true)
  } catch {
    client.abort()
  }
}

const none: ErrorPages = {}
