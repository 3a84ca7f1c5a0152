import { createSecretKey, randomBytes } from 'node:crypto'
import type { SealingKeys } from '../../src/auth/mac.ts'
import { sealRecord, type SessionRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken, slotOf } from '../../src/auth/session-token.ts'
import type { User } from '../../src/login/user.ts'

export const SEAL: SealingKeys = [createSecretKey(randomBytes(32))]

/** A session that is not opened yet, with the token that nobody but the test has. */
export interface TestSession {
  readonly token: string
  readonly digest: string
  readonly slot: string
  readonly record: SessionRecord
}

/** A user that no other test has. */
export function newUser(fields: Partial<User> = {}): User {
  return {
    name: `u-${randomBytes(8).toString('hex')}`,
    credentials: 'v1.00000000.sealed',
    disabled: false,
    epoch: 0,
    revision: 0,
    createdAt: 1_000,
    ...fields,
  }
}

/** A sealed record for `user`, made at `now`: idle for 1,000 ms, ends after 10,000. */
export function newSession(user: User, now: number, fields: Partial<SessionRecord> = {}): TestSession {
  const token = newSessionToken(user.name)
  const digest = digestOf(token)
  const record = sealRecord(
    {
      digest,
      user: user.name,
      epoch: user.epoch,
      createdAt: now,
      authenticatedAt: now,
      mfaAt: null,
      authenticationMethods: ['password'],
      binding: null,
      pending: null,
      idleTimeout: 1_000,
      expiresAt: now + 10_000,
      label: 'browser',
      address: '127.0.0.1',
      userAgent: 'Test/1.0 "ä" 🚪',
      ...fields,
    },
    SEAL,
  )
  return { token, digest, slot: slotOf(user.name), record }
}
