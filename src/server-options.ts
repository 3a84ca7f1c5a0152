import type { Policy } from './access/decision.ts'
import type { AuditSink } from './audit/event.ts'
import type { ArgumentsRecorder } from './audit/recorded-arguments.ts'
import type { Trust } from './auth/certificate.ts'
import type { Clock } from './auth/clock.ts'
import type { IdentityKeys } from './auth/identity-keys.ts'
import type { Issuer } from './http/issuer.ts'
import type { ListenerAddress } from './http/listen.ts'
import type { ProxiedOptions } from './http/proxied-identification.ts'
import type { Tracing } from './http/request-spans.ts'
import type { TlsMaterial, TlsSettings } from './http/tls.ts'
import type { LoginOptions } from './login/options.ts'
import type { ThrottleSettings } from './login/throttle-limits.ts'
import type { SecretVault } from './login/secret-vault.ts'
import type { WantedSecrets } from './login/wanted-secrets.ts'
import type { HashCost } from './login/phc.ts'
import type { CatalogParts } from './mcp/catalog.ts'
import type { InstructionsOf } from './mcp/serving.ts'
import type { PrincipalLimits } from './mcp/limits.ts'
import type { Upstreams } from './mcp/upstreams/upstreams.ts'
import type { Store } from './store/store.ts'

/** Where operators read what went wrong. Any pino logger is one. */
export interface Log {
  error(fields: Readonly<Record<string, unknown>>, message: string): void
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** What an upstream wants of each principal, and which permissions there are for anything of it. */
export interface WantedByUpstream extends WantedSecrets {
  readonly permissions: readonly string[]
}

/** The finished parts that a server is composed of. Nothing is read from files or the environment here. */
export interface SallyportOptions {
  readonly listeners: {
    /** The door for certificates; `optional` makes it the one door for both kinds of callers. */
    readonly certificates: ListenerAddress & { readonly clientCertificate: 'required' | 'optional' }
    /** The door for people. */
    readonly people?: ListenerAddress
    /** The door for proxies that end TLS: which header is believed, and of whom (`service:edge`). */
    readonly proxied?: ListenerAddress & Pick<ProxiedOptions, 'header' | 'proxies'>
    /** Plain HTTP for probes. */
    readonly operations?: ListenerAddress
  }
  readonly tls: TlsMaterial & Pick<TlsSettings, 'minVersion' | 'unsafeSessionTickets'>
  /** What is trusted now; another object means that the trust epoch has moved. */
  readonly trust: () => Trust
  /** The access policy in force now. */
  readonly policy: () => Policy
  readonly store: Store
  readonly audit: AuditSink
  /** What of the arguments of calls goes on record; nothing unless given. */
  readonly recordArguments?: ArgumentsRecorder
  /** Newest first; each of at least 32 characters. */
  readonly sessionSecrets: readonly string[]
  /** What seals the credentials of users; newest first, each of at least 32 characters. */
  readonly factorKeys: readonly string[]
  /** What signs tokens for upstreams; their public parts are published. None unless given. */
  readonly identityKeys?: IdentityKeys
  /** The vault that upstreams read from, and what they want now; people are asked for nothing unless given. */
  readonly secrets?: { readonly vault: SecretVault; readonly wanted: () => readonly WantedByUpstream[] }
  /** Times in ms. */
  readonly sessions: Pick<
    LoginOptions,
    'idleTimeout' | 'absoluteTimeout' | 'most' | 'binding' | 'deviceLogin'
  >
  /** Of new password hashes; what OWASP recommends unless given. */
  readonly passwordCost?: HashCost
  /** How many failed logins there may be from one address and in all; the defaults unless given. */
  readonly throttle?: Partial<ThrottleSettings>
  readonly limits: PrincipalLimits & { readonly bodyBytes: number }
  /** Names in `Host` beyond localhost and this machine's name. */
  readonly hosts: readonly string[]
  /** Web origins beyond our own pages. */
  readonly origins: readonly string[]
  /** The origin by which browsers reach our pages; the first of `hosts`, or localhost, and the port unless given. */
  readonly publicUrl?: string
  /** Added to the built-in tools, prompts and resources. */
  readonly catalog?: CatalogParts
  /** Servers behind this one; who makes them closes them. */
  readonly upstreams?: Upstreams
  /** What clients are told of the server: one text, or what each caller may read. */
  readonly instructions?: string | InstructionsOf
  /** The way to the process that holds the issuing key; without it nobody renews or enrols here. */
  readonly issuer?: Issuer
  /** The certificate of the root of our own CA, PEM: for those who enrol. */
  readonly root?: string
  /** Kinds of problems beside which callers are judged as before: files that were refused, or end soon. */
  readonly problems?: () => readonly string[]
  /** How long the live revocation list is believed after it was read, in ms; 29 s, and never longer. */
  readonly revocationsFreshFor?: number
  readonly log: Log
  /** Where spans go; there are none unless given. */
  readonly tracing?: Tracing
  /** Ms since the epoch; the system's clock unless given. */
  readonly clock?: Clock
}
