import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { passwordOnly, type Credentials } from './credentials.ts'
import type { FactorKey, FactorKeys } from './factor-keys.ts'

/**
 * Seals what a user logs in by, so that whoever can read the store learns no secret, and whoever can write to it can
 * neither set a password nor take a second factor away. What it does not keep him from is putting back what was sealed
 * for the same user before.
 */
export interface CredentialVault {
  /** Seals with the newest key; good for this user alone. */
  seal(user: string, credentials: Credentials): string
  /**
   * Fails closed: `undefined` for what was not sealed for this user by one of the keys. It never counts as "has no
   * factor": such a user cannot log in.
   */
  open(user: string, sealed: string): Credentials | undefined
  /** Does what {@link CredentialVault.open} does, for nobody: so that an unknown name takes as long as a known one. */
  openDecoy(): void
  /** Whether it was sealed by the newest key. */
  isCurrent(sealed: string): boolean
  /** The id of the key that it names, if that is none of ours; `undefined` for one of ours, and for what names none. */
  strangeKey(sealed: string): string | undefined
}

/** `v1`, the id of the key, nonce, ciphertext and tag. */
const SEALED = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{16,65536})$/
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** AES-256-GCM (NIST SP 800-38D) under random nonces; the user's name is authenticated with it. */
export function credentialVault(keys: FactorKeys): CredentialVault {
  const [newest] = keys
  const vault: Omit<CredentialVault, 'openDecoy'> = {
    seal(user, credentials) {
      const nonce = randomBytes(NONCE_LENGTH)
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(contextOf(user))
      const text = Buffer.concat([cipher.update(JSON.stringify(credentials), 'utf8'), cipher.final()])
      const sealed = Buffer.concat([text, cipher.getAuthTag()])
      return `v1.${newest.id}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },
    open(user, sealed) {
      const [, id, nonce = '', text = ''] = SEALED.exec(sealed) ?? []
      const key = keys.find((known) => known.id === id)
      if (key === undefined) return undefined
      const [at, bytes] = [exactBytes(nonce), exactBytes(text)]
      const opened = at && bytes && decrypted(key, user, at, bytes)
      return opened === undefined ? undefined : credentialsIn(opened)
    },
    isCurrent: (sealed) => sealed.startsWith(`v1.${newest.id}.`),
    strangeKey(sealed) {
      const [, id] = SEALED.exec(sealed) ?? []
      return keys.some((known) => known.id === id) ? undefined : id
    },
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

/** Every text but the one that was written is another one, also where it stands for the same bytes. */
function exactBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function contextOf(user: string): Buffer {
  return Buffer.from(JSON.stringify(['sallyport-credentials-v1', user]))
}

function decrypted({ key }: FactorKey, user: string, nonce: Buffer, sealed: Buffer): string | undefined {
  if (sealed.length < TAG_LENGTH) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAAD(contextOf(user)).setAuthTag(sealed.subarray(-TAG_LENGTH))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]).toString(
      'utf8',
    )
  } catch {
    return undefined
  }
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
