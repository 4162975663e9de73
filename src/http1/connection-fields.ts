import type { ResponseHead } from '../core/message/head.js'

/**
 * For how long a server says that it keeps an idle connection, in milliseconds: `Keep-Alive: timeout=5`. Undefined: it
 * says nothing.
 */
export function keepAliveTimeout(head: ResponseHead): number | undefined {
  const value = head.get('keep-alive')
  const seconds = value === undefined ? null : /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,6})(?!\d)/i.exec(value)
  return seconds === null ? undefined : Number(seconds[1]) * 1000
}

/** Schemes that authenticate a connection, not a request: whoever has the connection has the rights. */
const boundSchemes = /(?:^|,)[\t ]*(?:ntlm|negotiate)(?![\w-])/i

/** Whether a refusal (401, 407) asks for an authentication of the very connection. */
export function asksThisConnection(head: ResponseHead): boolean {
  const challenges = head.status === 401 ? 'www-authenticate' : 'proxy-authenticate'
  return head.getAll(challenges).some((challenge) => boundSchemes.test(challenge))
}
