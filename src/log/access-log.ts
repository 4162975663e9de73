import type { EndedExchange, ExchangeRecord, LogSink } from '../core/exchange-record.js'
import type { ExchangeObserver, Frontend } from '../core/frontend.js'

/** Gives a frontend's sink one record for each exchange that has ended. A sink that fails is reported as a fault. */
export class AccessLog implements ExchangeObserver {
  readonly #frontend: Frontend
  readonly #write: (record: ExchangeRecord) => unknown

  constructor(frontend: Frontend, sink: LogSink) {
    this.#frontend = frontend
    this.#write = typeof sink === 'function' ? sink : (record) => sink.info(record, summary(record))
  }

  exchangeEnded(exchange: EndedExchange): void {
    try {
      const result = this.#write(exchange.record())
      if (result instanceof Promise) result.catch((thrown: unknown) => this.#fault(thrown))
    } catch (thrown) {
      this.#fault(thrown)
    }
  }

  #fault(thrown: unknown): void {
    this.#frontend.fault(thrown, `log of frontends.${this.#frontend.name}`)
  }
}

/** A record in a line, for loggers that want a message. */
function summary(record: ExchangeRecord): string {
  const { client, frontend, backend, server, method, target, status, Ta, termination } = record
  const request = method === '' ? 'TCP' : `${method} ${target} ${status}`
  return `${client} ${frontend} ${backend ?? '-'}/${server ?? '-'} ${request} ${Ta}ms ${termination}`
}
