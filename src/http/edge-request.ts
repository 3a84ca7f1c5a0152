import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditSink } from '../audit/event.ts'
import type { Authenticated, RightsOf } from '../auth/authenticate.ts'
import type { Authenticator, RefusalReason } from '../auth/authenticator.ts'
import type { AuthContext } from '../auth/context.ts'
import type { IdentityKeys } from '../auth/identity-keys.ts'
import type { SessionUse } from '../auth/session-record.ts'
import type { McpEndpoint } from '../mcp/endpoint.ts'
import type { AllowedNames } from './host.ts'
import type { OpenAnswers } from './open-answers.ts'
import type { Identification } from './identification.ts'
import type { Pki } from './pki.ts'
import type { Readiness } from './readiness.ts'
import type { RequestObserver } from './request-observer.ts'
import type { ClientCertificate } from './tls.ts'

/** What every request behind one listener goes through. */
export interface EdgeOptions {
  readonly identification: Identification
  /** Who comes here: those with a certificate may renew it, those without may enrol. */
  readonly clientCertificate: ClientCertificate
  readonly pki: Pki
  /** The public keys of what upstreams are told of who calls. */
  readonly jwks: IdentityKeys['jwks']
  /** Told of every header that claims an identity and was removed, by its entry in the list of them. */
  readonly onHeaderRemoved: (entry: string) => void
  /** In order: the certificate, then the session. */
  readonly authenticators: readonly Authenticator[]
  readonly rightsOf: RightsOf
  /** Whether two contexts have the same rights; what is not complete of a caller whose rights have changed ends. */
  readonly sameRights: (before: AuthContext, now: AuthContext) => boolean
  readonly endpoint: McpEndpoint
  /** Watches the requests that go there, for metrics and traces. */
  readonly observer: RequestObserver
  /** Every answer that is not complete, to be judged anew when its caller may no longer be who it was. */
  readonly open: OpenAnswers
  readonly allowed: AllowedNames
  readonly audit: AuditSink
  /** Most bytes of a body. */
  readonly bodyLimit: number
  readonly ready: () => Promise<Readiness>
  /** Login, account and their pages; a listener without them has none. */
  readonly pages?: (
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    certificateKey?: string,
  ) => void
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of what should not happen, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
}

/** One request at the edge. */
export interface EdgeRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly path: string
  /** Proves anew who is calling: at the start of the request, and again, by a look, while its answer lasts. */
  readonly authenticate: (use?: SessionUse) => Promise<Authenticated>
  /** Records a refusal whose words are somebody else's. Never rejects. */
  readonly record: (reason: RefusalReason) => Promise<void>
  /** Answers with the words for a refusal and records it. */
  readonly refuse: (reason: RefusalReason) => Promise<void>
}
