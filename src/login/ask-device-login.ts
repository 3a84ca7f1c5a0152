import { networkOf } from './network.ts'
import {
  DEVICE_LOGIN_LIFE,
  deviceDigestOf,
  groupedCode,
  newDeviceCode,
  newUserCode,
  userCodeDigests,
} from './device-code.ts'
import { sealDeviceRequest } from './device-seal.ts'
import type { DevicePace, DeviceQuota } from './device-store.ts'
import type { Caller, LoginOptions } from './options.ts'

/** RFC 8628, 3.2 and 3.5: every five seconds, and five seconds more for whoever does not keep to that. */
export const DEVICE_PACE: DevicePace = { interval: 5_000, step: 5_000, most: 60_000, tolerance: 1_000 }

/** How many may wait at once: of one network, and of all. */
const QUOTA: DeviceQuota = { overall: 1_000, perNetwork: 20 }

/** Two user codes of a thousand are the same once in 25 million times. */
const ATTEMPTS = 4

/** A login that a device has asked for. */
export interface AskedDeviceLogin {
  /** For the device alone. */
  readonly deviceCode: string
  /** For the person, in two groups. */
  readonly userCode: string
  /** In ms. */
  readonly life: number
  readonly interval: number
}

/** What became of the asking; to wait means that too many are open, or that too many were asked for. */
export type AskedDevice =
  | { readonly kind: 'asked'; readonly login: AskedDeviceLogin }
  | { readonly kind: 'wait'; readonly seconds: number }

/**
 * Begins a login that a person approves in a browser (RFC 8628, in spirit). Both codes are stored as digests only.
 *
 * Fails closed: nothing is begun beyond the quota. Rejects with `STORE_UNAVAILABLE`.
 *
 * @param client what the device calls itself
 */
export async function askDeviceLogin(
  client: string,
  { address }: Caller,
  { throttle, devices, keys, now }: Pick<LoginOptions, 'throttle' | 'devices' | 'keys' | 'now'>,
): Promise<AskedDevice> {
  const throttled = await throttle.begin(address)
  if (throttled.kind === 'wait') return throttled
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const askedAt = now()
    const [deviceCode, userCode] = [newDeviceCode(), newUserCode()]
    const device = deviceDigestOf(deviceCode) ?? ''
    const [code] = userCodeDigests(userCode, keys.device)
    const request = sealDeviceRequest(
      device,
      { code, client: printable(client), address, askedAt },
      keys.device,
    )
    const entry = {
      device,
      code,
      network: networkOf(address),
      request,
      expiresAt: askedAt + DEVICE_LOGIN_LIFE,
    }
    const outcome = await devices.open(entry, QUOTA, askedAt)
    if (outcome === 'full') return FULL
    if (outcome === 'opened')
      return {
        kind: 'asked',
        login: {
          deviceCode,
          userCode: groupedCode(userCode),
          life: DEVICE_LOGIN_LIFE,
          interval: DEVICE_PACE.interval,
        },
      }
  }
  return FULL
}

const FULL: AskedDevice = Object.freeze({ kind: 'wait', seconds: 60 })

/** The most characters of a name that are shown: a longer one would push the warning off the page. */
const LONGEST_CLIENT = 64

/** Nothing that looks like something else, turns the direction of text, or moves a cursor. */
function printable(client: string): string {
  return client.slice(0, LONGEST_CLIENT).replaceAll(/[^\x20-\x7e]/g, '?')
}
