/** The fields that concern one connection only (RFC 9110 7.6.1), in lower case. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'])

/** Whether a field of this name, in lower case, must not pass to the next hop. */
export function isHopByHop(name: string): boolean {
  return hopByHop.has(name)
}

/** Whether a comma-separated list, such as the value of Connection, has that token, given in lower case. */
export function namesToken(list: string, token: string): boolean {
  if (list.length === token.length) return list.toLowerCase() === token
  return list.split(',').some((item) => item.trim().toLowerCase() === token)
}
