/**
 * evenkeel: an embeddable load balancer and reverse proxy for TCP and HTTP.
 *
 * @packageDocumentation
 */
export { type AttachableServer, type AttachOptions, attach, handler, type RequestHandler } from './attach.js'
export type { Balancer, PickContext } from './balance/balancer.js'
export { First } from './balance/first.js'
export type { HashOptions } from './balance/hash/hash-options.js'
export type { HashFunctionName, HashMethod, HashTypeOptions } from './balance/hash/hash-type.js'
export type { HeaderHashOptions } from './balance/hash/header-input.js'
export type { MaglevOptions } from './balance/hash/maglev-options.js'
export type { RdpCookieHashOptions } from './balance/hash/rdp-cookie-input.js'
export type { SampleHashOptions } from './balance/hash/sample-input.js'
export type { HashKey } from './balance/hash/server-key.js'
export type { UriHashOptions } from './balance/hash/uri-input.js'
export type { UrlParamHashOptions } from './balance/hash/url-param-input.js'
export { LeastConnections } from './balance/least-connections.js'
export { LeastResponseTime, type LeastResponseTimeOptions } from './balance/least-response-time.js'
export { PeakEwma, type PeakEwmaOptions } from './balance/peak-ewma.js'
export { RandomDraws, type RandomDrawsOptions } from './balance/random.js'
export type { AlgorithmChoice, AlgorithmName, AlgorithmOptions, BalanceOption } from './balance/registry.js'
export { RoundRobin } from './balance/round-robin.js'
export { StaticRoundRobin } from './balance/static-round-robin.js'
export { Backend, type BackendEvents, type ServerEventPayload } from './core/backend.js'
export type {
  BackendOptions,
  BackendSettings,
  BackendTimeLimits,
  BackendTimeouts,
  Mode,
  ServerEntry,
} from './core/backend-options.js'
export type {
  CheckOption,
  CheckOptions,
  CheckSettings,
  HttpCheckOptions,
  HttpCheckSettings,
  HttpExpectOptions,
  Probe,
} from './core/check-options.js'
export type { CheckResult, CheckStatus, ProbeResult } from './core/check-result.js'
export type { ConnectionMode, ConnectionModeOptions } from './core/connection-mode.js'
export type {
  FrontendCounters,
  ResponseCounters,
  ServingCounters,
  SessionCounters,
  TimeCounters,
} from './core/counters.js'
export type { Decision } from './core/decision.js'
export type { ErrorPage, ErrorPages } from './core/error-page.js'
export type { ExchangeRecord, LogSink } from './core/exchange-record.js'
export type { ClientAddress, ExchangeView } from './core/exchange-view.js'
export type { FailureKind } from './core/failure.js'
export { type ConnectionRefusal, Frontend, type FrontendEvents, type RouteRequest } from './core/frontend.js'
export type {
  FrontendOptions,
  FrontendSettings,
  FrontendTimeouts,
  Route,
  RouteSettings,
} from './core/frontend-options.js'
export type { Http2Options, Http2Settings } from './core/http2-options.js'
export type { ForwardForOptions, ForwardingOptions, ForwardingSettings } from './core/message/forwarded.js'
export type {
  RequestLimitOptions,
  RequestLimits,
  ResponseLimitOptions,
  ResponseLimits,
} from './core/message/head-limits.js'
export type { PoolOptions, PoolSettings } from './core/pool-options.js'
export type { Priority, PrioritySettings } from './core/priority.js'
export type { ProxiedConnection, ProxiedTls } from './core/proxied-connection.js'
export type { ResponseView } from './core/response-view.js'
export type { RetryBudgetOptions, RetryBudgetSettings } from './core/retry-budget.js'
export type { RetryEvent, RetryOn, RetryOptions, RetryPolicy, RetryStatus } from './core/retry-options.js'
export type { SendProxyOption, SendProxyOptions, SendProxySettings, UniqueIdOption } from './core/send-proxy-options.js'
export { Server, type ServerOptions } from './core/server.js'
export type { AdministrativeState, OperationalState } from './core/server-state.js'
export type { ServerTlsOptions } from './core/server-tls-options.js'
export type { CertificateView, TlsView } from './core/tls-view.js'
export type { PersistenceStep, TraceStep } from './core/trace.js'
export type { TrackRule } from './core/tracking.js'
export type {
  DispatcherOption,
  HttpReuse,
  TransportName,
  TransportOptions,
  TransportSettings,
} from './core/transport-options.js'
export type { TryOutcome } from './core/try-outcome.js'
export {
  type BackendConfig,
  createProxy,
  type Defaults,
  type ErrorFiles,
  type FrontendConfig,
  type NamedRoute,
  type ProxyConfig,
  type ProxyOptions,
  type ShortConfig,
  type WholeConfig,
} from './create-proxy.js'
export { errorFile } from './error-file.js'
export { HealthCheck } from './health/health-check.js'
export type { Bind, BindOptions } from './net/bind-options.js'
export type { CertificateOptions } from './net/certificates.js'
export type { AcceptProxyOption } from './net/proxy-protocol/accept-options.js'
export { TlsContext, type TlsOptions } from './net/tls-context.js'
export type { AppSessionOptions } from './persistence/app-session.js'
export type { CookieOptions } from './persistence/cookie-options.js'
export type { PersistenceOptions } from './persistence/persistence-options.js'
export type { StickRule } from './persistence/stick-rules.js'
export type { UseServerRule } from './persistence/use-server.js'
export type { BoundAddress, ProxyEvents, ProxyServer } from './proxy-server.js'
export { all, any, not } from './rules/combine.js'
export type { Condition } from './rules/condition.js'
export type { HeaderSample } from './rules/header-sample.js'
export type { NumberSample } from './rules/number-sample.js'
export { type ClientHelloSample, clientHello, type PayloadSample, payload, protocol } from './rules/payload-samples.js'
export { type ResponseSamples, response } from './rules/response-samples.js'
export type { Sample, SampleFunction } from './rules/sample.js'
export { cookie, header, host, method, path, query, source } from './rules/samples.js'
export type { SourceSample } from './rules/source-sample.js'
export type { StringMatcher, StringSample } from './rules/string-matcher.js'
export { type ClientCertificateSamples, type TlsSamples, tls } from './rules/tls-samples.js'
export type { BackendStats, FrontendStats, ServerStats, ServingStats, TrafficStats } from './stats/object-stats.js'
export type { StatsSnapshot } from './stats/snapshot.js'
export type { StatsOptions } from './stats-options.js'
export type { JsonKey, JsonSample } from './sticky-table/composite-key.js'
export type { EntryChange } from './sticky-table/entry-change.js'
export type { EntryFilter, ValueTest } from './sticky-table/entry-filter.js'
export { MemoryStore, type MemoryStoreOptions } from './sticky-table/memory-store.js'
export type { CompositeSample, StickyKey, StickySample } from './sticky-table/sticky-key.js'
export type { RecordedRate, StickyRecord } from './sticky-table/sticky-record.js'
export type { StickyEntry, StickyStore, StoredKey } from './sticky-table/sticky-store.js'
export { StickyTable, type StickyTableEntry, type StickyTableEvents } from './sticky-table/sticky-table.js'
export type { StickyTableOptions } from './sticky-table/sticky-table-options.js'
export type { StickyUpdate } from './sticky-table/sticky-update.js'
export type { RateArray, StoredEvent, StoredType, StoreOptions } from './sticky-table/stored-types.js'
export type { TableData } from './sticky-table/table-data.js'
export type { StickyKeyType } from './sticky-table/table-key.js'
export type { TrackedEntry } from './sticky-table/tracked-entry.js'
export type { Address, InetAddress, UnixAddress } from './util/address.js'
export type { Clock, Timer } from './util/clock.js'
export type { Fault, FaultEvents } from './util/emitter.js'
export { type ErrorCode, EvenkeelError, OptionError } from './util/errors.js'
export type { Duration, Size } from './util/options.js'
export type { Pem } from './util/pem.js'
export { type Random, seededRandom } from './util/random.js'
export type { TlsVersion, TlsVersionOptions } from './util/tls-versions.js'
