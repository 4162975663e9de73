import { RequestView } from '../../src/core/exchange-view.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'

/** What a test says of a request; the rest is `GET / HTTP/1.1` for a.test from 192.0.2.7. */
export interface RequestParts {
  readonly method?: string
  readonly target?: string
  readonly fields?: readonly string[]
  readonly source?: string
}

/** Makes the view of a request. */
export function view({
  method = 'GET',
  target = '/',
  fields = ['Host', 'a.test'],
  source = '192.0.2.7',
}: RequestParts = {}) {
  return new RequestView(new RawRequestHead(method, target, 1, fields), { address: source, port: 1 }, false)
}

/** The view of a TCP connection: everything of HTTP is empty. */
export function tcpView(source = '192.0.2.7') {
  return new RequestView(undefined, { address: source, port: 1 }, false)
}
