import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { sessionKeys, type SessionKeys } from '../../src/auth/session-keys.ts'
import { deviceOf } from '../../src/login/known-device.ts'
import { storeThrottle } from '../../src/login/store-throttle.ts'
import {
  THROTTLE_SETTINGS,
  throttleLimits,
  type ThrottleLimits,
  type ThrottleSettings,
} from '../../src/login/throttle-limits.ts'
import { elapseInRedis } from './elapse.ts'
import { startDoor, type Engine, type LoginDoor } from './login-door.ts'

/** A login door that throttles, as the server does. */
export interface ThrottledDoor extends LoginDoor {
  /** Moves the clock, that of the counters too. */
  elapse(ms: number): Promise<void>
}

/** How it throttles, and under which secrets, where that is not as always. */
export interface ThrottledDoorOptions extends Partial<ThrottleSettings> {
  readonly limits?: Partial<ThrottleLimits>
  readonly keys?: SessionKeys
}

/** Opens one for a test. */
export async function throttledDoor(
  t: TestContext,
  engine: Engine,
  {
    limits,
    keys = sessionKeys([randomBytes(48).toString('base64')]),
    ...settings
  }: ThrottledDoorOptions = {},
): Promise<ThrottledDoor> {
  let now: () => number = Date.now
  const door = await startDoor(engine, ({ rateLimits, users }) => ({
    keys,
    throttle: storeThrottle({
      limits: { ...throttleLimits({ ...THROTTLE_SETTINGS, ...settings }), ...limits },
      rateLimits,
      keys: keys.throttle,
      deviceOf: (caller, user) => deviceOf(caller, user, { keys, users, now: () => now() }),
    }),
  }))
  now = door.options.now
  t.after(() => door.close())
  return {
    ...door,
    async elapse(ms) {
      door.advance(ms)
      if (door.redis !== undefined) await elapseInRedis(door.redis.url, ms)
    },
  }
}
