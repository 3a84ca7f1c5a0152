import { sealRecord, type SessionRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'
import { IDLE, type LoginDoor } from './login-door.ts'

/** A session that the door believes, opened straight in its store: by password and code unless said otherwise. */
export async function provedSession(
  door: LoginDoor,
  user: string,
  fields: Partial<SessionRecord> = {},
): Promise<{ token: string; record: SessionRecord }> {
  const now = door.options.now()
  const token = newSessionToken(user)
  const { epoch } = (await door.store.users.find(user)) ?? { epoch: 0 }
  const record = sealRecord(
    {
      digest: digestOf(token),
      user,
      epoch,
      createdAt: now,
      authenticatedAt: now,
      mfaAt: now,
      authenticationMethods: ['password', 'totp'],
      binding: null,
      pending: null,
      idleTimeout: IDLE,
      expiresAt: now + 3_600_000,
      label: 'token',
      address: '127.0.0.1',
      userAgent: 'test/1.0',
      ...fields,
    },
    door.options.keys.seal,
  )
  const opened = await door.store.sessions.open(record, now + IDLE, undefined, now, door.options.most)
  if (opened === undefined) throw new Error('the store did not open the session')
  return { token, record }
}
