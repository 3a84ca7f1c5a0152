/**
 * The library: what is needed to compose a server, to add to its catalog, and to put the guard in front of a server of
 * your own. Everything else is internal.
 */
export { SallyportError, isSallyportError, type SallyportErrorCode } from './errors.ts'

// A whole server
export { createServer, type ListeningPorts, type Sallyport } from './server.ts'
export type { Log, SallyportOptions } from './server-options.ts'
export {
  readTrust,
  type AuthorityMaterial,
  type ForeignTrustMaterial,
  type TrustBundle,
  type TrustMaterial,
} from './trust.ts'
export { openStore } from './store/open.ts'
export { openTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts'
export { followRevocations, type FollowerOptions, type RevocationFollower } from './revocations.ts'
export type { Store, StoreOptions } from './store/store.ts'
export { fileAuditSink, type FileAuditSink, type FileAuditSinkOptions } from './audit/sink.ts'

// What it serves
export {
  defineTool,
  errorResult,
  textResult,
  type Call,
  type Needs,
  type Prepared,
  type ToolDefinition,
  type ToolOptions,
} from './mcp/tool.ts'
export type { CallingClient, ClientAnswer, ClientRequest, LogLine, Progress } from './mcp/calling-client.ts'
export { definePrompt, type PromptDefinition } from './mcp/prompt.ts'
export { resourceChanges } from './mcp/resource-changes.ts'
export { defineResource, type ResourceChanges, type ResourceDefinition } from './mcp/resource.ts'
export { protectedServer, type ProtectOptions } from './mcp/upstreams/in-process.ts'
export type { ProtectableServer, ServerFactory } from './mcp/upstreams/in-process-connect.ts'
export type { UpstreamLimits, UpstreamOptions } from './mcp/upstreams/options.ts'
export type { UpstreamEvent } from './mcp/upstreams/ports.ts'
export type { Upstreams } from './mcp/upstreams/upstreams.ts'
export { openServers } from './open-servers.ts'

// Who is calling
export { authenticate, type Authenticated, type RightsOf } from './auth/authenticate.ts'
export type {
  Authenticator,
  Evidence,
  Identified,
  Outcome,
  PresentedCertificate,
  RefusalReason,
} from './auth/authenticator.ts'
export { admitCertificate, type Admission, type Trust, type TrustedIssuer } from './auth/certificate.ts'
export { certificateAuthenticator } from './auth/certificate-authenticator.ts'
export type { AuthContext, AuthMethod, Ceiling, CompiledPermissions, Rights } from './auth/context.ts'
export type { PrincipalMapping } from './auth/mapping.ts'
export { parsePrincipal, principalOf, type Principal, type PrincipalKind } from './auth/principal.ts'
export type {
  LiveRevocations,
  RevocationReading,
  RevocationStore,
  RevokedCertificate,
} from './auth/revocation.ts'
export type { SessionAccess } from './auth/live-session.ts'
export { sessionAuthenticator } from './auth/session.ts'
export { sessionKeys, type SessionKeys } from './auth/session-keys.ts'
export { slotOf } from './auth/session-token.ts'
export { admission, type Admit } from './http/admission.ts'
export { certificateOf } from './http/certificate-of.ts'
export { evidenceOf } from './http/evidence.ts'
export type { IssuedByIssuer, Issuer, IssuerAnswer, IssuerRefusal } from './http/issuer.ts'
export type { Metrics } from './http/metrics.ts'
export type { Tracing } from './http/request-spans.ts'
export { tlsOptions, type ClientCertificate, type TlsMaterial, type TlsSettings } from './http/tls.ts'

// What they may do
export { readPolicy, type ReadPolicy } from './access/read-policy.ts'
export type { AccessDocument } from './access/document.ts'
export type { Surface, SurfaceEntry } from './access/surface.ts'
export { surfaceOf } from './mcp/surface-of.ts'
export { allows, patternsOf, type Permission } from './access/permission.ts'
export {
  isVisible,
  UNKNOWN,
  type AccessRequest,
  type Action,
  type Arguments,
  type Decision,
  type DenyReason,
  type LimitUse,
  type Need,
  type Policy,
} from './access/decision.ts'
export type {
  ConditionExplained,
  ExplainingPolicy,
  Explanation,
  GrantExplained,
  Remedy,
  RuleExplained,
} from './access/explanation.ts'

// The guard in front of your own server
export { createCatalog, type Catalog, type CatalogParts } from './mcp/catalog.ts'
export { fixedCatalog, type CatalogSource, type ListKind } from './mcp/catalog-source.ts'
export type { Caller } from './mcp/caller.ts'
export type { Asked, Work } from './mcp/asked.ts'
export { createGuard, type Guard, type Guarded, type GuardOptions, type Held } from './mcp/guard.ts'
export {
  createEndpoint,
  type EndpointOptions,
  type McpAnswer,
  type McpBody,
  type McpEndpoint,
  type McpExchange,
} from './mcp/endpoint.ts'
export type { ArgumentsRecorder } from './mcp/guard-events.ts'
export type { Counted, Limiter } from './mcp/limiter.ts'
export { storeLimiter } from './store-limiter.ts'
export type { ConfirmableCall, Confirmations, Confirmed, PendingConfirmation } from './mcp/confirmations.ts'
export type { GuardedCallSeen, GuardObserver } from './mcp/guard-observer.ts'
export type { MessagesSeen } from './mcp/messages-seen.ts'
export type { PrincipalLimits } from './mcp/limits.ts'

// What happened
export type { AuditEvent, AuditSink } from './audit/event.ts'
