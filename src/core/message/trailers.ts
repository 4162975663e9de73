/** Fields that as trailers would change what was said before (RFC 9110 6.5.1): they don't pass. */
const forbiddenTrailers = new Set([
  // Framing and routing, and what stays on one hop.
  ...['transfer-encoding', 'content-length', 'host', 'connection', 'te', 'trailer', 'upgrade', 'keep-alive'],
  ...['proxy-connection', 'forwarded', 'via', 'x-real-ip'],
  // How the content is to be read.
  ...['content-encoding', 'content-type', 'content-range', 'cache-control'],
  // What modifies the request.
  ...['expect', 'max-forwards', 'range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
  ...['if-range'],
  // Who is asking.
  ...['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate'],
])

/** Whether a field of this name, in lower case, is taken out of trailers. */
export function isForbiddenTrailer(name: string): boolean {
  return forbiddenTrailers.has(name) || name.startsWith('x-forwarded-')
}
