import assert from 'node:assert/strict'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import type { Answer } from './clients.ts'
import type { TestIssuer } from './issuer.ts'
import type { TestServer } from './server.ts'

/** What a request is refused with. */
export interface Refused {
  readonly status: number
  readonly reason: RefusalReason
  readonly isAsked: boolean
}

/** Sees that a request was refused for a reason that is on record, while the issuer was asked or not. */
export async function refusedOnRecord(
  work: Promise<Answer>,
  { status, reason, isAsked }: Refused,
  { server, issuer }: { readonly server: TestServer; readonly issuer: TestIssuer },
): Promise<Answer> {
  const count = issuer.asked.length
  const answer = await work
  assert.equal(answer.status, status, answer.body)
  const { requestId } = answer.json() as { requestId: string }
  const event = await server.event('request.refused', (one) => one.requestId === requestId)
  assert.equal(event.reason, reason)
  assert.equal(issuer.asked.length > count, isAsked, 'whether the issuer was asked')
  return answer
}
