import { z } from 'zod'
import { passwordOnly, type Credentials } from './credentials.ts'
import type { FactorKeys } from './factor-keys.ts'
import type { SealedPlace } from '../auth/sealed-text.ts'
import { keyRing, type KeyRing } from './key-ring.ts'

/**
 * Seals what a user logs in by, so that whoever can read the store learns no secret, and whoever can write to it can
 * neither set a password nor take a second factor away. What it does not keep him from is putting back what was sealed
 * for the same user before.
 */
export interface CredentialVault extends Pick<KeyRing, 'isCurrent' | 'strangeKey'> {
  /** Seals with the newest key; good for this user alone. */
  seal(user: string, credentials: Credentials): string
  /**
   * Fails closed: `undefined` for what was not sealed for this user by one of the keys. It never counts as "has no
   * factor": such a user cannot log in.
   */
  open(user: string, sealed: string): Credentials | undefined
  /** Does what {@link CredentialVault.open} does, for nobody: so that an unknown name takes as long as a known one. */
  openDecoy(): void
}

/** Sealed under the newest key, and bound to the user's name. */
export function credentialVault(keys: FactorKeys): CredentialVault {
  const { seal, open, isCurrent, strangeKey } = keyRing(keys)
  const vault: Omit<CredentialVault, 'openDecoy'> = {
    seal: (user, credentials) => seal(placeOf(user), JSON.stringify(credentials)),
    open(user, sealed) {
      const opened = open(placeOf(user), sealed)
      return opened === undefined ? undefined : credentialsIn(opened)
    },
    isCurrent,
    strangeKey,
  }
  const decoy = vault.seal(NOBODY, DECOY)
  return { ...vault, openDecoy: () => void vault.open(NOBODY, decoy) }
}

/** No user can be called so. */
const NOBODY = ''

/** As much as most users have. */
const DECOY: Credentials = {
  ...passwordOnly('x'.repeat(97), null),
  totp: { secret: 'A'.repeat(32), lastStep: 0, addedAt: 0 },
  recoveryCodes: Array.from({ length: 10 }, () => '0'.repeat(64)),
}

function placeOf(user: string): SealedPlace {
  return ['sallyport-credentials-v1', user]
}

function credentialsIn(text: string): Credentials | undefined {
  const value: unknown = JSON.parse(text)
  const read = shape.safeParse(value)
  return read.success ? read.data : undefined
}

const time = z.number()
const shape: z.ZodType<Credentials> = z.strictObject({
  passwordHash: z.string(),
  oneTimeUntil: time.nullable(),
  totp: z.strictObject({ secret: z.string(), lastStep: z.number(), addedAt: time }).nullable(),
  enrolling: z.strictObject({ secret: z.string(), session: z.string(), until: time }).nullable(),
  recoveryCodes: z.array(z.string()),
  passkeys: z.array(
    z.strictObject({
      id: z.string(),
      publicKey: z.string(),
      counter: z.number(),
      answered: z.array(z.string()),
      transports: z.array(z.string()),
      label: z.string(),
      addedAt: time,
      lastUsedAt: time.nullable(),
    }),
  ),
  userHandle: z.string().nullable(),
})
