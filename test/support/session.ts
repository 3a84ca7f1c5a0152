import { randomBytes } from 'node:crypto'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'
import { TEST_SECRET, type TestServer } from './server.ts'

/** Opens a session straight in the store of a test server, as a login would; makes the user if there is none. */
export async function openSession(
  server: TestServer,
  user: string,
): Promise<{ token: string; digest: string }> {
  const now = Date.now()
  await server.store.users.create({
    name: user,
    credentials: `unusable-${randomBytes(8).toString('hex')}`,
    disabled: false,
    epoch: 0,
    revision: 0,
    createdAt: now,
  })
  const { epoch } = (await server.store.users.find(user)) ?? { epoch: 0 }
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
  }
  const record = sealRecord(fields, sessionKeys([TEST_SECRET]).seal)
  if (!(await server.store.sessions.open(record, now + 1_800_000, undefined, now, 1000)))
    throw new Error('the store did not open the session')
  return { token, digest }
}
