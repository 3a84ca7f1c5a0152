import { principalOf } from '../auth/principal.ts'
import type { AuthenticationMethod, LiveSession } from '../auth/session-record.ts'
import type { Proved, RightsOfPerson } from './options.ts'

/** A user, as the endpoints say it. */
export interface UserView {
  readonly name: string
  readonly roles: readonly string[]
}

/** A session, as `GET /auth/session` says it. Times in ISO 8601. */
export interface SessionView {
  readonly user: UserView
  readonly methods: readonly ['session']
  /** What was proved in it. */
  readonly authenticationMethods: readonly AuthenticationMethod[]
  readonly mfaAt: string | null
  readonly idleExpiresAt: string
  readonly expiresAt: string
}

/** The user's name and the roles that the policy gives him now, by what he proved. */
export function userView(name: string, rightsOf: RightsOfPerson, proved?: Proved): UserView {
  const principal = principalOf('user', name)
  return { name, roles: principal === undefined ? [] : rightsOf(principal, proved).roles }
}

/** What a caller may know about its session. */
export function sessionView({ record, idleExpiresAt }: LiveSession, rightsOf: RightsOfPerson): SessionView {
  return {
    user: userView(record.user, rightsOf, record),
    methods: ['session'],
    authenticationMethods: record.authenticationMethods,
    mfaAt: record.mfaAt === null ? null : isoTime(record.mfaAt),
    idleExpiresAt: isoTime(idleExpiresAt),
    expiresAt: isoTime(record.expiresAt),
  }
}

/** Ms since the epoch as ISO 8601. */
export function isoTime(time: number): string {
  return new Date(time).toISOString()
}
