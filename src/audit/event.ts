import type { Action, DenyReason } from '../access/decision.ts'
import type { RefusalReason } from '../auth/authenticator.ts'
import type { AuthMethod, Ceiling, CertificateProof } from '../auth/context.ts'
import type { AuthenticationMethod, PendingStep } from '../auth/session-record.ts'

/** Who did it, as every event about an authenticated caller says it. */
export interface AuditCaller {
  readonly requestId: string
  readonly principal: string
  readonly methods: readonly AuthMethod[]
  /** `sha256:` digest of the credential. */
  readonly credential: string
  /** The principal of the proxy that spoke for the caller; absent where the caller came itself. */
  readonly via?: string
}

/** Which door refused: TLS before there was a request, or HTTP. */
export type RefusalLayer = 'tls' | 'http'

/** A stranger was turned away. Anonymous: counted and sampled, never written one by one. */
export interface RequestRefused {
  readonly event: 'request.refused'
  readonly requestId: string
  readonly layer: RefusalLayer
  readonly reason: RefusalReason
  /** What TLS said, when it refused (an OpenSSL code), or more about the reason: a constant, never text from the peer. */
  readonly detail: string | null
  readonly address: string
}

/** What the policy asked for before a call may go on. */
export type AskReason = 'step_up_required' | 'approval_required'

/** The arguments of a call as the audit trail has them, by the configuration of its tool. */
export type RecordedArguments =
  /** `hmac-sha256:` over the canonical JSON, by a key that is not in the trail. */
  | { readonly digest: string }
  /** The same, and which there were. */
  | { readonly digest: string; readonly names: readonly string[] }
  /** The same, and those that may be kept; the others by digest. */
  | { readonly digest: string; readonly values: Readonly<Record<string, unknown>> }

/** What the decision was made by, beside principal, methods and arguments: so that it can be explained and replayed. */
export interface RecordedProofs {
  /** ISO 8601, as the other. */
  readonly authenticatedAt: string
  readonly mfaAt: string | null
  readonly address: string | null
  readonly certificate: CertificateProof | null
  readonly ceilings: readonly Ceiling[]
}

/** The policy decided; durable before anything runs. */
export interface ActionDecided extends AuditCaller {
  readonly event: 'tool.decided' | 'prompt.decided' | 'resource.decided'
  readonly action: Action
  readonly resource: string
  readonly decision: 'allow' | 'deny' | 'ask'
  readonly reason: DenyReason | AskReason | null
  readonly rule: string | null
  /** Rules in shadow mode that would have decided otherwise. */
  readonly shadow: readonly string[]
  /** Who confirmed the call, where it needed that: principals, in the order of the needs. */
  readonly confirmedBy: readonly string[]
  /** `sha256:` digest of the policy document that decided. */
  readonly policy: string
  readonly proofs: RecordedProofs
  readonly arguments: RecordedArguments | null
  /** W3C trace id, 32 hex digits; null where the caller sent none and none is made. */
  readonly trace: string | null
}

/** A call that needs a second factor or an approval was put to somebody, answered, used, or came to its end. */
export interface ConfirmationChanged {
  readonly event:
    | 'confirmation.asked'
    | 'confirmation.given'
    | 'confirmation.refused'
    | 'confirmation.used'
    | 'confirmation.withdrawn'
  readonly requestId: string
  /** Of the confirmation; it is no secret, and opens nothing by itself. */
  readonly confirmation: string
  /** Whose call it is. */
  readonly principal: string
  /** Who answered; null while nobody has. */
  readonly by: string | null
  readonly action: Action
  readonly resource: string
  readonly rule: string
  readonly arguments: RecordedArguments | null
}

/** A line of a chain. */
export interface ChainPlace {
  /** Name of the file that it is in. */
  readonly file: string
  readonly seq: number
  readonly hash: string
}

/** A file of the trail begins: whose it is, what it continues, and where the chains of others stood. */
export interface TrailOpened {
  readonly event: 'audit.opened'
  readonly writer: string
  readonly file: string
  /** Name of the file of this writer before it. */
  readonly previous: string | null
  /** There is never more without a checkpoint than so many lines, nor lines of so many ms. */
  readonly checkpointLines: number
  readonly checkpointMs: number
  /** See `open-ends.ts`. */
  readonly others: readonly ChainPlace[]
}

/** A signed statement of where the chain stands (see `checkpoint.ts`). */
export interface Checkpoint {
  readonly event: 'audit.checkpoint'
  /** Of the line before this one. */
  readonly through: number
  readonly head: string
  /** Key id, and the signature (Ed25519, base64url) over writer, `through`, `head` and time. */
  readonly key: string
  readonly signature: string
}

/** What was allowed has ended. */
export interface ActionFinished extends AuditCaller {
  readonly event: 'tool.finished' | 'prompt.finished' | 'resource.finished'
  readonly action: Action
  readonly resource: string
  /** `input_required`: it asked its client, and ended with that (MCP 2026-07-28, multi round-trip requests). */
  readonly outcome: 'ok' | 'error' | 'invalid_arguments' | 'input_required' | 'cancelled' | 'exception'
  readonly trace: string | null
  /** Class and message of an exception, for the operator; null otherwise. */
  readonly exception: string | null
  readonly durationMs: number
}

/** A login session began, or ended. */
export type SessionChanged = SessionOpened | SessionEnded

/** By what was proved in it, and with what it lacks (ASVS 5.0, 16.3.1). */
export interface SessionOpened extends SessionChange {
  readonly event: 'session.opened'
  readonly authenticationMethods: readonly AuthenticationMethod[]
  /** Null for a complete session. */
  readonly pending: PendingStep | null
}

export interface SessionEnded extends SessionChange {
  readonly event: 'session.ended'
}

interface SessionChange {
  readonly requestId: string
  readonly principal: string
  readonly credential: string
  readonly reason:
    | 'login'
    | 'logout'
    | 'password_changed'
    | 'rotated'
    | 'second_factor'
    | 'enrolled'
    | 'reauthenticated'
    | 'device'
    /** By its owner, in the list of his sessions. */
    | 'ended_by_owner'
    /** By command, on the machine itself. */
    | 'ended_by_operator'
    | 'too_many_tries'
    /** The oldest of a user who has more than he may have. */
    | 'too_many_sessions'
  readonly address: string
}

/** What a person logs in by was changed. */
export interface FactorChanged {
  readonly event: 'factor.added' | 'factor.removed'
  readonly requestId: string
  readonly principal: string
  readonly factor: 'password' | 'totp' | 'recovery_codes' | 'passkey'
  readonly address: string
}

/** What a principal keeps for an upstream was set, or taken away. The value is nowhere. */
export interface SecretChanged {
  readonly event: 'secret.set' | 'secret.removed'
  /** Null for a command, as the address is. */
  readonly requestId: string | null
  /** Whose it is. */
  readonly principal: string
  readonly upstream: string
  readonly name: string
  /** Who did it; "operator" for a command on the machine itself. */
  readonly by: string
  readonly address: string | null
}

/** An operator or administrator changed a person who logs in. */
export interface UserChanged {
  readonly event:
    | 'user.added'
    | 'user.disabled'
    | 'user.enabled'
    | 'user.password_reset'
    | 'user.factors_reset'
    | 'user.sessions_ended'
  /** Whom it is about. */
  readonly principal: string
  /** Who did it; "operator" for a command on the machine itself. */
  readonly by: string
}

/** The local CA issued a certificate: by command, for one that was to end, or for a one-time token. */
export interface CertificateIssued {
  readonly event: 'certificate.issued' | 'certificate.renewed' | 'certificate.enrolled'
  /** Who it is for: a principal (`service:billing`) or `server`. */
  readonly principal: string
  readonly serial: string
  /** `sha256:` thumbprint of the certificate. */
  readonly credential: string
  readonly expiresAt: string
}

/** Certificates were revoked; from now on nobody is admitted by them. */
export interface CertificateRevoked {
  readonly event: 'certificate.revoked'
  /** Whose they were: a principal, or `server`. */
  readonly principal: string
  /** That were valid still, descendants included. */
  readonly serials: readonly string[]
  /** RFC 5280, 5.3.1, as in `keyCompromise`. */
  readonly reason: string
}

/** A one-time enrolment token was made. */
export interface EnrolmentOffered {
  readonly event: 'enrolment.offered'
  readonly principal: string
  /** `sha256:` digest of the token. */
  readonly credential: string
  readonly expiresAt: string
}

/** Files that are followed (certificate and key, trust, revocation lists) were taken, or refused and the old ones kept. */
export interface FilesChanged {
  readonly event: 'files.loaded' | 'files.rejected'
  /** "server certificate" or "trust". */
  readonly what: string
  readonly problem: string | null
}

/** An upstream came up or went down; at most once in ten seconds each. */
export interface UpstreamChanged {
  readonly event: 'upstream.up' | 'upstream.down'
  /** Its name in the configuration. */
  readonly upstream: string
  /** Of the protocol; null when it went down. */
  readonly era: string | null
  /** As it says itself, bounded and made visible; null when it went down. */
  readonly version: string | null
  /** For the operator, made visible; null when it came up. */
  readonly why: string | null
}

/** What an upstream offers was kept from everybody, is so no longer, or was approved without anybody having looked. */
export interface DefinitionChanged {
  readonly event: 'definition.quarantined' | 'definition.released' | 'definition.pinned'
  readonly upstream: string
  readonly definition: 'tool' | 'prompt' | 'template' | 'instructions'
  /** As the upstream has it, bounded and made visible. */
  readonly name: string
  /** Why it was quarantined; null for one that was pinned. */
  readonly reason: 'new' | 'changed' | 'bad_name' | 'malformed' | 'collision' | 'policy' | null
  /** `sha256:` of the definition that was pinned; null otherwise. */
  readonly hash: string | null
}

/** A new access policy was taken, or refused and the old one kept. */
export interface PolicyChanged {
  readonly event: 'policy.loaded' | 'policy.rejected'
  /** Digest of the policy in force afterwards. */
  readonly policy: string
  readonly problem: string | null
}

/** An operator approved definitions of an upstream server: from now on exactly these are served. */
export interface DefinitionsApproved {
  readonly event: 'definitions.approved'
  /** The user of the machine who did it. */
  readonly by: string
  readonly upstream: string
  /** At most fifty in one event; `hash` is null for what is served no more. */
  readonly definitions: readonly {
    readonly kind: 'tool' | 'prompt' | 'template' | 'instructions'
    readonly name: string
    readonly hash: string | null
  }[]
}

/** Everything the audit trail can say: a closed union, no secret in any of it, and of arguments what the configuration lets in. */
export type AuditEvent =
  | RequestRefused
  | ActionDecided
  | ActionFinished
  | ConfirmationChanged
  | TrailOpened
  | Checkpoint
  | SessionChanged
  | FactorChanged
  | SecretChanged
  | UserChanged
  | CertificateIssued
  | CertificateRevoked
  | EnrolmentOffered
  | FilesChanged
  | UpstreamChanged
  | DefinitionChanged
  | PolicyChanged
  | DefinitionsApproved

/**
 * Where events go. `record` resolves once the event is durable (for anonymous refusals: counted); it rejects with
 * `AUDIT_UNAVAILABLE` when it cannot be, and then the action it describes must not happen.
 */
export interface AuditSink {
  record(event: AuditEvent): Promise<void>
}
