import type { Store as BrowserSessions } from 'express-session'
import type { AuditSink } from '../audit/event.ts'
import type { CompiledPermissions, Rights } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
import type { SessionKeys } from '../auth/session-keys.ts'
import type { AnnounceEnded } from '../auth/ended.ts'
import type { LiveRevocations } from '../auth/revocation.ts'
import type { SessionBinding } from '../auth/session-binding.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import type { AdministratorPermission } from './administrator-permissions.ts'
import type { ConfirmationStore } from './confirmation-store.ts'
import type { CredentialVault } from './credential-vault.ts'
import type { DeviceLogins } from './device-store.ts'
import type { Histories } from './history.ts'
import type { Passwords } from './password.ts'
import type { SecretVault } from './secret-vault.ts'
import type { SessionStore } from './session-store.ts'
import type { Throttle } from './throttle.ts'
import type { UserHandles } from './user-handles.ts'
import type { Users } from './user.ts'
import type { WantedSecrets } from './wanted-secrets.ts'

/** What a person proved, where rights are looked at that hang on it. */
export type Proved = Pick<SessionRecord, 'authenticatedAt' | 'mfaAt' | 'address'>

/** What the policy gives to a person: by what was proved in a session, else as after a password and nothing more. */
export type RightsOfPerson = (principal: Principal, proved?: Proved) => Rights

/** Whether the policy lets a person, by what he proved, approve what needs a role. */
export type MayApprove = (principal: Principal, proved: Proved, role: string) => boolean

/** What upstreams want of a person, by what he proved: of those alone that the policy lets him use. */
export type WantedOfPerson = (principal: Principal, proved: Proved) => readonly WantedSecrets[]

/** What the door for people is built of. All times in ms. */
export interface LoginOptions {
  readonly users: Users
  readonly sessions: SessionStore
  /** What express-session keeps for a browser; never a credential. */
  readonly browserSessions: BrowserSessions
  readonly handles: UserHandles
  /** The logins that devices ask for. */
  readonly devices: DeviceLogins
  /** Calls that wait for a second factor or an approval. */
  readonly confirmations: ConfirmationStore
  readonly histories: Histories
  /** Tells every node of sessions that end before their time. */
  readonly announce: AnnounceEnded
  /** What other nodes told of that. */
  readonly revocations: LiveRevocations
  readonly vault: CredentialVault
  /** What users keep for upstreams. */
  readonly upstreamSecrets: SecretVault
  readonly wantedSecrets: WantedOfPerson
  readonly throttle: Throttle
  readonly keys: SessionKeys
  readonly passwords: Passwords
  readonly rightsOf: RightsOfPerson
  readonly mayApprove: MayApprove
  /** Whether compiled permissions cover what an administrator may do with the sessions of others. */
  readonly allows: (permissions: CompiledPermissions, permission: AdministratorPermission) => boolean
  readonly audit: AuditSink
  /** Ms since the epoch. */
  readonly now: () => number
  /** A session ends when it was not used for so long, */
  readonly idleTimeout: number
  /** and after so long in any case. */
  readonly absoluteTimeout: number
  /** At most so many sessions at once, per user. */
  readonly most: number
  /** What a session is bound to beyond its token. */
  readonly binding: SessionBinding
  /** Whether a terminal may ask a browser for a session. */
  readonly deviceLogin: boolean
  /** Whether pages of this `Origin` may post to us; `host` is the `Host` header of the request. */
  readonly isAllowedOrigin: (origin: string, host: string | undefined) => boolean
  /** Told of what should not happen, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
}

/** Who asks, as the audit trail and the session record say it. */
export interface Caller {
  readonly requestId: string
  readonly address: string
  readonly userAgent: string
  /** What `known-device.ts` may know this browser by; nothing is believed of it yet. */
  readonly deviceCookie?: string
  /** Of the client certificate of this connection, if it has one: see `auth/session-binding.ts`. */
  readonly certificateKey?: string
}
