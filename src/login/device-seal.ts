import { z } from 'zod'
import { isMacOf, macOf, type MacParts, type SealingKeys } from '../auth/mac.ts'
import type { AuthenticationMethod } from '../auth/session-record.ts'

/** Which device asks, when, and from where: what a person is shown before he approves. Times in ms since the epoch. */
export interface DeviceRequest {
  /** Digest of its user code. */
  readonly code: string
  /** What it calls itself: printable ASCII. */
  readonly client: string
  readonly address: string
  readonly askedAt: number
}

/** Who approved, and what he had proved: what the session of the device rests on. Times in ms since the epoch. */
export interface DeviceApproval {
  readonly user: string
  readonly epoch: number
  /** Digest of the session in which it was approved. */
  readonly session: string
  readonly authenticatedAt: number
  readonly mfaAt: number | null
  readonly authenticationMethods: readonly AuthenticationMethod[]
  /** When that session ends in any case. */
  readonly endsBy: number
}

const time = z.int()

const REQUEST: z.ZodType<DeviceRequest> = z.strictObject({
  code: z.string(),
  client: z.string(),
  address: z.string(),
  askedAt: time,
})

const APPROVAL: z.ZodType<DeviceApproval> = z.strictObject({
  user: z.string(),
  epoch: z.int(),
  session: z.string(),
  authenticatedAt: time,
  mfaAt: time.nullable(),
  authenticationMethods: z.array(z.enum(['password', 'totp', 'recovery_code', 'passkey'])),
  endsBy: time,
})

const SEALED = /^([A-Za-z0-9_-]{2,8192})\.([A-Za-z0-9_-]{43})$/

type Purpose = 'request' | 'approval'

/** Seals what a device asks for; good for this device alone. */
export function sealDeviceRequest(device: string, request: DeviceRequest, keys: SealingKeys): string {
  return sealed('request', device, request, keys)
}

/** Seals an approval; good for this device alone. */
export function sealDeviceApproval(device: string, approval: DeviceApproval, keys: SealingKeys): string {
  return sealed('approval', device, approval, keys)
}

/** Fails closed: `undefined` for what was not sealed for this device by one of the keys. */
export function openDeviceRequest(
  device: string,
  text: string,
  keys: SealingKeys,
): DeviceRequest | undefined {
  return opened('request', device, text, keys, REQUEST)
}

/** As {@link openDeviceRequest}. */
export function openDeviceApproval(
  device: string,
  text: string,
  keys: SealingKeys,
): DeviceApproval | undefined {
  return opened('approval', device, text, keys, APPROVAL)
}

/** Whoever can write to the store can neither approve nor change what is shown: JSON, and a MAC over it and its place. */
function sealed(purpose: Purpose, device: string, value: object, keys: SealingKeys): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${payload}.${macOf(partsOf(purpose, device, payload), keys[0]).toString('base64url')}`
}

function opened<T>(
  purpose: Purpose,
  device: string,
  text: string,
  keys: SealingKeys,
  shape: z.ZodType<T>,
): T | undefined {
  const [, payload, mac] = SEALED.exec(text) ?? []
  if (payload === undefined || mac === undefined) return undefined
  const isOurs = isMacOf(Buffer.from(mac, 'base64url'), partsOf(purpose, device, payload), keys)
  if (!isOurs) return undefined
  return shape.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data
}

function partsOf(purpose: Purpose, device: string, payload: string): MacParts {
  return ['sallyport-device-login-v1', purpose, device, payload]
}
