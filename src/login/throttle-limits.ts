import type { GrowingDelay } from './growing-delay.ts'
import type { RateLimit } from './rate-limits.ts'

/** How often may be tried; see SECURITY.md for what each number is good for. */
export interface ThrottleLimits {
  /** Names and passwords for one account from one network: what most people meet who forgot their password. */
  readonly accountFromNetwork: GrowingDelay
  /** The same from all networks together. More than one network alone comes to. */
  readonly account: GrowingDelay
  /** The same from one browser in which the user logged in before. */
  readonly device: GrowingDelay
  /** Failed logins from one network, whomever for. */
  readonly network: RateLimit
  /** Failed logins of the whole installation, other than from known devices. */
  readonly overall: RateLimit
  /** Codes for one pending login, or for one session. */
  readonly pending: RateLimit
  /** Codes for one account, and as many again from each of its known devices. */
  readonly codes: GrowingDelay
  /** Logins that are let in, for one account, and as many again from each of its known devices. */
  readonly logins: RateLimit
  /** What is kept for strangers until they use it, from one network. */
  readonly begun: RateLimit
  /** The same of the whole installation. */
  readonly begunOverall: RateLimit
}

/** What operators may set, as people behind one address need it. */
export interface ThrottleSettings {
  /** Failed logins from one address in a quarter of an hour. */
  readonly perAddress: number
  /** Failed logins of the whole installation in a minute, other than from known devices. */
  readonly perMinute: number
}

export const THROTTLE_SETTINGS: ThrottleSettings = Object.freeze({ perAddress: 100, perMinute: 300 })

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UP_TO_A_QUARTER = { longest: 15 * MINUTE, forgotten: DAY }
const FIVE_THEN_ONE = { free: 5, within: HOUR, afterwards: 1, first: 30, ...UP_TO_A_QUARTER }

/**
 * The limits. One network comes to some 110 passwords a day for an account and all networks to some 500; an account's
 * second factor sees some 120 codes a day, of a million, of which three are good at a time: under 1 in 2,000.
 */
export function throttleLimits({ perAddress, perMinute }: ThrottleSettings): ThrottleLimits {
  return {
    accountFromNetwork: { name: 'account-from', ...FIVE_THEN_ONE },
    account: { name: 'account', free: 20, within: HOUR, afterwards: 5, first: MINUTE, ...UP_TO_A_QUARTER },
    device: { name: 'device', ...FIVE_THEN_ONE },
    network: { name: 'network', points: perAddress, seconds: 15 * MINUTE },
    overall: { name: 'overall', points: perMinute, seconds: MINUTE },
    pending: { name: 'pending', points: 5, seconds: 10 * MINUTE },
    codes: { name: 'codes', free: 20, within: DAY, afterwards: 1, first: MINUTE, ...UP_TO_A_QUARTER },
    logins: { name: 'logins', points: 60, seconds: HOUR },
    begun: { name: 'begun', points: 30, seconds: 15 * MINUTE },
    begunOverall: { name: 'begun-overall', points: perMinute, seconds: MINUTE },
  }
}
