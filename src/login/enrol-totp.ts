import type { SessionRecord } from '../auth/session-record.ts'
import {
  changeFactors,
  factorRefusal,
  type FactorDecision,
  type FactorEvent,
  type FactorRefusal,
  type FactorsChanged,
} from './change-factors.ts'
import type { Credentials, TotpEnrolment } from './credentials.ts'
import { changeCredentials, knownUser } from './known-user.ts'
import type { Caller, LoginOptions } from './options.ts'
import { newRecoveryCodes, type RecoveryCodes } from './recovery-codes.ts'
import { newTotpSecret, totpCodeIn, totpStepOf, totpUri } from './totp.ts'

/** A secret is waited for so long, in ms. */
const ENROLMENT_LIFE = 5 * 60_000

/** A secret for an authenticator app, as it is shown. */
export interface ShownSecret {
  /** Base32. */
  readonly secret: string
  /** `otpauth:`, for a QR code. */
  readonly uri: string
}

/** A new secret, or why there is none. */
export type EnrolmentStarted =
  | { readonly kind: 'started'; readonly shown: ShownSecret }
  | { readonly kind: 'refused'; readonly reason: FactorRefusal }

/** A factor with its recovery codes, shown once, or why there is none. */
export type TotpEnrolled =
  | (Extract<FactorsChanged, { kind: 'changed' }> & { readonly recoveryCodes: readonly string[] })
  | Extract<FactorsChanged, { kind: 'refused' }>

/**
 * Makes a secret for the user of a session. Until a code of it is given it is kept sealed with his credentials, one at a
 * time, for five minutes, and for this session alone: nobody else can make it a factor.
 *
 * Fails closed: refused unless the authentication is fresh. Rejects with `STORE_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function startTotp(record: SessionRecord, options: LoginOptions): Promise<EnrolmentStarted> {
  const secret = newTotpSecret()
  const now = options.now()
  const enrolling = { secret, session: record.digest, until: now + ENROLMENT_LIFE }
  const started: EnrolmentStarted = { kind: 'started', shown: { secret, uri: totpUri(record.user, secret) } }
  const outcome = await changeCredentials<EnrolmentStarted>(
    record.user,
    (known) => {
      const reason = factorRefusal(record, known, now)
      if (reason !== undefined) return { kind: 'leave', told: { kind: 'refused', reason } }
      const credentials = { ...known.credentials, enrolling }
      return { kind: 'write', credentials, endSessions: false, told: started }
    },
    options,
  )
  return outcome ?? { kind: 'refused', reason: 'session_invalid' }
}

/** The secret that a session was shown and that is still waited for; `undefined` for none. */
export async function shownSecret(
  { user, digest }: SessionRecord,
  options: LoginOptions,
): Promise<ShownSecret | undefined> {
  const known = await knownUser(user, options)
  const enrolling = known && enrolmentOf(known.credentials, digest, options.now())
  return enrolling && { secret: enrolling.secret, uri: totpUri(user, enrolling.secret) }
}

/**
 * Makes the secret that a session was shown a second factor, in place of an earlier one, for a code of it; with new
 * recovery codes. As {@link changeFactors}.
 */
export async function confirmTotp(
  record: SessionRecord,
  code: string,
  caller: Caller,
  options: LoginOptions,
): Promise<TotpEnrolled> {
  const recoveryCodes = newRecoveryCodes()
  const decide = (credentials: Credentials, now: number): FactorDecision =>
    enrolled(credentials, enrolmentOf(credentials, record.digest, now), code, recoveryCodes, now)
  const changed = await changeFactors({ record, caller, decide, proves: 'totp' }, options)
  return changed.kind === 'changed' ? { ...changed, recoveryCodes: recoveryCodes.codes } : changed
}

function enrolmentOf({ enrolling }: Credentials, session: string, now: number): TotpEnrolment | undefined {
  return enrolling !== null && enrolling.session === session && now < enrolling.until ? enrolling : undefined
}

const ADDED: readonly FactorEvent[] = [
  { event: 'factor.added', factor: 'totp' },
  { event: 'factor.added', factor: 'recovery_codes' },
]

function enrolled(
  credentials: Credentials,
  enrolling: TotpEnrolment | undefined,
  typed: string,
  { digests }: RecoveryCodes,
  now: number,
): FactorDecision {
  if (enrolling === undefined) return { kind: 'refused', reason: 'conflict' }
  const { secret } = enrolling
  const code = totpCodeIn(typed)
  const lastStep = code === undefined ? undefined : totpStepOf(secret, code, now)
  if (lastStep === undefined) return { kind: 'refused', reason: 'second_factor_refused' }
  const totp = { secret, lastStep, addedAt: now }
  return {
    kind: 'change',
    credentials: { ...credentials, totp, enrolling: null, recoveryCodes: digests },
    events: credentials.totp === null ? ADDED : [{ event: 'factor.removed', factor: 'totp' }, ...ADDED],
  }
}
