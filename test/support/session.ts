import { randomBytes } from 'node:crypto'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord, type SessionRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'
import { TEST_SECRET, type TestServer } from './server.ts'

/** What the session is to be, where that is not what every test wants. */
export type SessionFields = Partial<Omit<SessionRecord, 'digest' | 'user' | 'mac'>>

/** Opens a session straight in the store of a test server, as a login would; makes the user if there is none. */
export async function openSession(
  { store }: Pick<TestServer, 'store'>,
  user: string,
  more: SessionFields = {},
  secret: string = TEST_SECRET,
): Promise<{ token: string; digest: string }> {
  const now = Date.now()
  await store.users.create({
    name: user,
    credentials: `unusable-${randomBytes(8).toString('hex')}`,
    disabled: false,
    epoch: 0,
    revision: 0,
    createdAt: now,
  })
  const { epoch } = (await store.users.find(user)) ?? { epoch: 0 }
  const token = newSessionToken(user)
  const digest = digestOf(token)
  const fields = {
    digest,
    user,
    epoch,
    createdAt: now,
    authenticatedAt: now,
    mfaAt: null,
    authenticationMethods: ['password'] as const,
    binding: null,
    pending: null,
    idleTimeout: 1_800_000,
    expiresAt: now + 3_600_000,
    label: 'test',
    address: '127.0.0.1',
    userAgent: 'test',
    ...more,
  }
  const record = sealRecord(fields, sessionKeys([secret]).seal)
  if (!(await store.sessions.open(record, now + record.idleTimeout, undefined, now, 1000)))
    throw new Error('the store did not open the session')
  return { token, digest }
}
