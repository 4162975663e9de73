import { type ExchangeView, RequestView } from '../../../src/core/exchange-view.js'
import { RawRequestHead } from '../../../src/core/message/raw-head.js'

/** What a test says of an exchange. */
export interface Asked {
  readonly method?: string
  readonly target?: string
  /** Fields, flat: name, value, name, value. */
  readonly fields?: readonly string[]
  readonly source?: string
  /** As latin1 text. */
  readonly payload?: string
}

/** An exchange of HTTP mode. */
export function exchange({ method = 'GET', target = '/', fields = [], source, payload }: Asked): ExchangeView {
  return withPayload(new RequestView(new RawRequestHead(method, target, 1, fields), client(source), false), payload)
}

/** An exchange of TCP mode. */
export function connection({ source, payload }: Pick<Asked, 'source' | 'payload'> = {}): ExchangeView {
  return withPayload(new RequestView(undefined, client(source), false), payload)
}

function client(source = '192.0.2.7') {
  return { address: source, port: 4000 }
}

function withPayload(view: RequestView, payload: string | undefined): RequestView {
  if (payload !== undefined) view.payload = Buffer.from(payload, 'latin1')
  return view
}
