import type { Principal } from './principal.ts'

/** How a caller proved who it is. */
export type AuthMethod = 'certificate' | 'session'

declare const compiled: unique symbol

/**
 * What a context's roles allow, compiled once. Opaque: `access` makes it and is the only code that can ask it;
 * a value made anywhere else allows nothing.
 */
export interface CompiledPermissions {
  readonly [compiled]: true
}

/** The most that a credential lets its holder do, as permission patterns; what they do not cover is not allowed. */
export type Ceiling = readonly string[]

/** The rights that the policy gives to a principal at one moment. */
export interface Rights {
  readonly roles: readonly string[]
  readonly permissions: CompiledPermissions
  /** Whether this is a person with a role that says `mfa: required`: without a second factor there is no right at all. */
  readonly secondFactorRequired: boolean
}

/** What a client certificate says that the policy can ask for. */
export interface CertificateProof {
  /** Its one URI, as it stands; null where there is none, or it is of no trust domain that its CA owns. */
  readonly uri: string | null
  /** The issuer's distinguished name on one line (RFC 4514), as in `CN=Corp CA,O=Corp`. */
  readonly issuer: string
}

/** What one request proved about its caller, and what the policy decides its rights by. */
export interface Proofs {
  readonly principal: Principal
  readonly methods: readonly [AuthMethod, ...AuthMethod[]]
  /** When the oldest of the credentials was proved (session) or this connection was admitted, in ms since the epoch. */
  readonly authenticatedAt: number
  /** When a second factor was proved, in ms since the epoch; absent means never in this session. */
  readonly mfaAt?: number
  /** Where the caller comes from; absent where a proxy speaks for it, whose address says nothing of it. */
  readonly address?: string
  /** Of the client certificate; absent where there is none among the credentials. */
  readonly certificate?: CertificateProof
  /** What the credentials themselves allow at most; empty where the policy alone says. */
  readonly ceilings: readonly Ceiling[]
}

/**
 * Everything one request proved about its caller. Frozen, complete, and without a secret in it: there is no field
 * where a credential could sit.
 */
export interface AuthContext extends Proofs {
  readonly roles: readonly string[]
  /** What the policy gives, already cut down to every ceiling. */
  readonly permissions: CompiledPermissions
  /** `sha256:` and the hex digest of the certificate (thumbprint) or of the session token. */
  readonly credential: string
  /** The same of the session token, wherever a session is among the credentials. */
  readonly session?: string
  /** When the first of the credentials ends, in ms since the epoch. */
  readonly expiresAt: number
  /** The principal of the proxy that spoke for the caller (`service:edge`); absent where the caller came itself. */
  readonly via?: string
}
