import type { RefusalReason } from '../auth/authenticator.ts'
import type { Principal } from '../auth/principal.ts'
import { isoTime } from '../login/session-view.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import type { IssuedByIssuer } from './issuer.ts'
import { sendJson } from './respond.ts'

/** Why a principal gets no certificate now, if so. Fails closed: who cannot be judged gets none. */
export async function disabledRefusal(
  principal: Principal,
  { requestId }: EdgeRequest,
  { pki, onException }: EdgeOptions,
): Promise<RefusalReason | undefined> {
  try {
    return (await pki.isDisabled(principal)) ? 'principal_disabled' : undefined
  } catch (error) {
    onException(requestId, error)
    return 'store_unavailable'
  }
}

/** Answers with a certificate, and what comes with it. Time in ISO 8601. */
export function handOut(
  { response }: EdgeRequest,
  { certificate, principal, serial, expiresAt }: IssuedByIssuer,
  more: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, 200, { certificate, principal, serial, expiresAt: isoTime(expiresAt), ...more })
}
