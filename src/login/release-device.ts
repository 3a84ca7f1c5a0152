import { revocationName } from '../auth/revocation.ts'
import { slotOf } from '../auth/session-token.ts'
import { DENIED } from './approve-device.ts'
import { DEVICE_PACE } from './ask-device-login.ts'
import { deviceDigestOf } from './device-code.ts'
import {
  openDeviceApproval,
  openDeviceRequest,
  type DeviceApproval,
  type DeviceRequest,
} from './device-seal.ts'
import { endSession } from './end-session.ts'
import { APPROVED_ELSEWHERE } from './fresh.ts'
import { knownUser } from './known-user.ts'
import { nextStep } from './next-step.ts'
import { openSession, type OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'

/** What a device is answered (RFC 8628, 3.5). */
export type DeviceRelease =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  | { readonly kind: 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' }

const EXPIRED: DeviceRelease = Object.freeze({ kind: 'expired_token' })
const REFUSED: DeviceRelease = Object.freeze({ kind: 'access_denied' })

/**
 * Opens the session of a device that was approved: once, however many ask at the same moment.
 *
 * Fails closed: no session where the approval is not ours, its person was disabled, his sessions or that one ended since,
 * or he would have to prove more by now. What was taken from the store is not put back. Rejects as `openSession`.
 *
 * @param caller the device: its address is that of the session, since it has the token
 */
export async function releaseDevice(
  deviceCode: string,
  caller: Caller,
  options: LoginOptions,
): Promise<DeviceRelease> {
  const { devices, keys, now } = options
  const device = deviceDigestOf(deviceCode)
  if (device === undefined) return EXPIRED
  const polled = await devices.poll(device, DEVICE_PACE, now())
  if (polled.kind === 'unknown') return EXPIRED
  if (polled.kind === 'waiting') return { kind: 'authorization_pending' }
  if (polled.kind === 'too_fast') return { kind: 'slow_down' }
  if (polled.answer === DENIED) return REFUSED
  const request = openDeviceRequest(device, polled.request, keys.device)
  const approval = openDeviceApproval(device, polled.answer, keys.device)
  if (request === undefined || approval === undefined) return REFUSED
  return released(request, approval, caller, options)
}

async function released(
  request: DeviceRequest,
  approval: DeviceApproval,
  caller: Caller,
  options: LoginOptions,
): Promise<DeviceRelease> {
  if (!(await stillStands(approval, options))) return REFUSED
  const { user: name, epoch, authenticatedAt, mfaAt, authenticationMethods, endsBy } = approval
  const opened = await openSession(
    {
      user: { name, epoch },
      pending: null,
      authenticationMethods,
      authenticatedAt,
      mfaAt,
      // A device outlives no login: else one login could be handed on for ever.
      endsBy,
      label: APPROVED_ELSEWHERE,
      replaces: undefined,
      reason: 'device',
      caller: { ...caller, userAgent: request.client },
    },
    options,
  )
  if (opened === undefined) return REFUSED
  // What ended in this moment has seen no session of the device that it could have ended with it.
  if (await stillStands(approval, options)) return { kind: 'opened', opened }
  await endSession(opened.record, 'ended_by_owner', caller, options)
  return REFUSED
}

/** Whether the session in which it was approved lives, and lacks nothing by now. */
async function stillStands(
  { user, session, mfaAt }: DeviceApproval,
  { sessions, revocations, rightsOf, now, ...access }: LoginOptions,
): Promise<boolean> {
  if (revocations.isRevoked(revocationName({ kind: 'session', digest: session }))) return false
  const [live, known] = await Promise.all([
    sessions.validate(session, slotOf(user), now(), 'look'),
    knownUser(user, access),
  ])
  // It lives only in the epoch in which its user is, and while he is not disabled.
  if (live === undefined || known === undefined) return false
  return nextStep(known, mfaAt, rightsOf) === null
}
