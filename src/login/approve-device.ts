import type { SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { userCodeDigests } from './device-code.ts'
import {
  openDeviceRequest,
  sealDeviceApproval,
  type DeviceApproval,
  type DeviceRequest,
} from './device-seal.ts'
import type { Caller, LoginOptions } from './options.ts'

/** A device that waits for an answer, as its person is to see it. */
export interface PendingDevice {
  /** Digest of its device code. */
  readonly device: string
  readonly request: DeviceRequest
}

/** A code that somebody typed in a session, before it was checked. */
export interface TypedCode {
  readonly code: string
  readonly record: SessionRecord
  readonly caller: Caller
}

/** The device behind a user code; or how long to wait, since too many were tried. */
export type FoundDevice =
  | { readonly kind: 'found'; readonly pending: PendingDevice }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wait'; readonly seconds: number }

/** What an entry that was denied says instead of an approval. */
export const DENIED = 'denied'

/**
 * The device that waits under a user code. Codes that are not known are counted for the session and its user (ASVS 5.0,
 * 6.6.3), before they are looked up.
 *
 * Fails closed: unknown for an entry that was not sealed for this code. Rejects with `STORE_UNAVAILABLE`.
 */
export async function findDevice(
  { code, record: { user, digest: session }, caller }: TypedCode,
  { throttle, devices, keys, now }: LoginOptions,
): Promise<FoundDevice> {
  const proof = { user, digest: session, caller }
  const throttled = await throttle.code(proof)
  if (throttled.kind === 'wait') return throttled
  for (const digest of userCodeDigests(code, keys.device)) {
    const waiting = await devices.waiting(digest, now())
    const request =
      waiting === undefined ? undefined : openDeviceRequest(waiting.device, waiting.request, keys.device)
    if (waiting === undefined || request?.code !== digest) continue
    await throttle.codeWasNoGuess(proof)
    return { kind: 'found', pending: { device: waiting.device, request } }
  }
  return { kind: 'unknown' }
}

/**
 * Approves a device, by a session that lacks nothing: the session of the device will rest on what was proved in it.
 *
 * @returns false if it was answered meanwhile
 */
export async function approveDevice(
  { device, request }: PendingDevice,
  record: SessionRecord,
  caller: Caller,
  { devices, keys, now, ...options }: LoginOptions,
): Promise<boolean> {
  const approval = sealDeviceApproval(device, approvalBy(record), keys.device)
  const isApproved = await devices.answer(request.code, approval, now())
  if (isApproved) await addToHistory(record.user, 'device_approved', caller, { now, ...options })
  return isApproved
}

/** Denies it, for good. */
export async function denyDevice(
  { request }: PendingDevice,
  { devices, now }: Pick<LoginOptions, 'devices' | 'now'>,
): Promise<boolean> {
  return devices.answer(request.code, DENIED, now())
}

function approvalBy(record: SessionRecord): DeviceApproval {
  const { user, epoch, digest, authenticatedAt, mfaAt, authenticationMethods, expiresAt } = record
  return { user, epoch, session: digest, authenticatedAt, mfaAt, authenticationMethods, endsBy: expiresAt }
}
