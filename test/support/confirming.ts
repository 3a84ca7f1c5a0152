import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Need } from '../../src/access/decision.ts'
import { compilePermissions } from '../../src/access/permission.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'
import { confirmations, type ConfirmationsOptions } from '../../src/login/confirmations.ts'
import type { ConfirmableCall, Confirmations, PendingConfirmation } from '../../src/mcp/confirmations.ts'
import { browserWith } from './device.ts'
import type { LoginDoor, TestBrowser } from './login-door.ts'

/** Where the links of the tests lead. */
export const ORIGIN = 'https://door.example'

/** The port that calls are put to, beside the pages of a door. */
export function confirmationsOf(door: LoginDoor, changes: Partial<ConfirmationsOptions> = {}): Confirmations {
  return confirmations({ ...door.options, origin: () => ORIGIN, ...changes })
}

/** A call, unless said otherwise by a person with a session. */
export function callOf(
  principal: string,
  fields: Partial<Omit<ConfirmableCall, 'context'>> = {},
  context: Partial<AuthContext> = {},
): ConfirmableCall {
  const parsed = parsePrincipal(principal)
  assert.ok(parsed)
  return {
    requestId: 'request-of-the-call',
    action: 'tools/call',
    resource: 'bank_pay',
    args: Object.freeze({ to: 'mallory', amount: 7 }),
    ...fields,
    context: {
      principal: parsed,
      methods: ['session'],
      authenticatedAt: 0,
      ceilings: [],
      roles: [],
      permissions: compilePermissions([]),
      credential: `sha256:${'ab'.repeat(32)}`,
      expiresAt: Infinity,
      address: '192.0.2.7',
      ...context,
    },
  }
}

export const SECOND_FACTOR: Extract<Need, { kind: 'second_factor' }> = {
  kind: 'second_factor',
  rule: 'fresh-factor',
  within: 300_000,
}
export const APPROVAL: Extract<Need, { kind: 'approval' }> = {
  kind: 'approval',
  rule: 'two-people',
  by: { role: 'treasurer' },
  owner: null,
}

/** What a call waits for; fails if it does not. */
export async function pendingOf(
  port: Confirmations,
  call: ConfirmableCall,
  ...needs: readonly [Need, ...Need[]]
): Promise<PendingConfirmation> {
  const confirmed = await port.confirm(call, needs)
  assert.equal(confirmed.kind, 'pending')
  assert.ok(confirmed.kind === 'pending')
  return confirmed.pending
}

/** A browser of a person who has just proved everything. */
export async function provedBrowser(
  door: LoginDoor,
  user: string,
  fields: { readonly mfaAt?: number | null } = {},
): Promise<TestBrowser> {
  const { browser } = await browserWith(door, user, {
    authenticationMethods: ['password', 'totp'],
    mfaAt: door.options.now(),
    ...fields,
  })
  return browser
}

/** Answers a call on its page, as whoever a browser is of. The status of the answer. */
export async function answerCall(
  browser: TestBrowser,
  { id }: Pick<PendingConfirmation, 'id'>,
  decision: 'confirm' | 'refuse' = 'confirm',
): Promise<number> {
  const shown = await browser.get(`/confirm/${id}`)
  if (shown.status !== 200) return shown.status
  return (await browser.submit('/auth/confirm', { decision })).status
}

/** The names that a door takes for treasurers, who may approve. */
export const treasurer = (): string => `u-treasurer-${randomBytes(6).toString('hex')}`
