import * as z from 'zod'
import { duration, path, strict, whole } from './shapes.ts'

/** What a session is bound to beyond its token: see `auth/session-binding.ts`. */
export type SessionBinding = 'none' | 'address' | 'certificate'

/** What `sessions` says; times in ms. */
export interface SessionSettings {
  readonly secretFile: string
  readonly factorKeyFile: string
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  /** At most so many at once, per user: the oldest ends. */
  readonly most: number
  readonly binding: SessionBinding
  /** Whether a terminal may ask a browser for a session. */
  readonly deviceLogin: boolean
}

/** What one hash of a password costs (argon2id). */
export interface PasswordSettings {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** How many failed logins there may be. */
export interface ThrottleSettings {
  /** Failed logins from one address in a quarter of an hour. */
  readonly perAddress: number
  /** Failed logins in all in a minute, other than from browsers in which the user logged in before. */
  readonly perMinute: number
}

/** Validates the section `sessions`. */
export const sessionsSchema: z.ZodType<SessionSettings> = strict({
  secretFile: path('data/session-secret').describe('Made by "init"; used with sqlite only.'),
  idleTimeout: duration('30m', 'A session ends after so long without use.'),
  factorKeyFile: path('data/factor-key').describe(
    'Made by "init"; seals what users log in by. Several nodes must share it.',
  ),
  absoluteTimeout: duration('12h', 'A session ends after so long in any case.'),
  most: whole(1, 1000).default(20).describe('Sessions at once, per user; the oldest ends.'),
  binding: z
    .enum(['none', 'address', 'certificate'], 'must be none, address or certificate')
    .default('none')
    .describe(
      'What a session is good for beside its token: the address prefix or the client certificate of its login.',
    ),
  deviceLogin: z
    .boolean('must be true or false')
    .default(true)
    .describe('Whether "sallyport login --device" may ask a browser for a session.'),
}).prefault({})

/** Validates the section `passwords`. */
export const passwordsSchema: z.ZodType<PasswordSettings> = strict({
  memory: whole(19_456, 262_144)
    .default(19_456)
    .describe('KiB that one hash of a password takes (argon2id); never less than the default.'),
  passes: whole(2, 4).default(2).describe('How often it goes over them.'),
  parallelism: whole(1, 8).default(1).describe('Lanes at once.'),
})
  .prefault({})
  .describe('What a password hash costs; hashes of another cost are made anew at the next login.')

/** Validates the section `throttle`. */
export const throttleSchema: z.ZodType<ThrottleSettings> = strict({
  perAddress: whole(10, 3000)
    .default(100)
    .describe('Failed logins in 15 minutes from one IPv4 address or IPv6 /64 network.'),
  perMinute: whole(10, 3000)
    .default(300)
    .describe(
      'Failed logins in a minute in all, other than from browsers in which the user logged in before.',
    ),
})
  .prefault({})
  .describe(
    'Raise perAddress where many people share one address; guesses at one account are slowed in any case.',
  )
