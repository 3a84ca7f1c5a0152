import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  type KeyObject,
} from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** Signs checkpoints. */
export interface CheckpointSigner {
  /** Names the key: see {@link publicKeysIn}. */
  readonly key: string
  /** Ed25519 over the UTF-8 bytes, base64url. */
  sign(text: string): string
}

/** Public keys by their id. */
export type PublicKeys = ReadonlyMap<string, KeyObject>

const PUBLIC_KEY = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g

/** A new key for checkpoints (Ed25519), as PEM: PKCS #8 and SPKI. */
export function newSigningKey(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

/**
 * Takes the private key of checkpoints.
 *
 * @param what names it in the error
 * @throws SallyportError `CONFIGURATION_INVALID` for anything but an Ed25519 private key
 */
export function checkpointSigner(pem: string, what: string): CheckpointSigner {
  const key = ed25519(what, () => createPrivateKey(pem))
  return {
    key: keyId(createPublicKey(key)),
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64url'),
  }
}

/** The public part of a private key, as PEM. Throws as {@link checkpointSigner}. */
export function publicPart(pem: string, what: string): string {
  return createPublicKey(ed25519(what, () => createPrivateKey(pem)))
    .export({ type: 'spki', format: 'pem' })
    .toString()
}

/**
 * All public keys in a text, so that one file can have those of before, too.
 *
 * @param what names the text in the error
 * @throws SallyportError `CONFIGURATION_INVALID` where there is none, or one that is not Ed25519
 */
export function publicKeysIn(text: string, what: string): PublicKeys {
  const keys = (text.match(PUBLIC_KEY) ?? []).map((pem) => ed25519(what, () => createPublicKey(pem)))
  if (keys.length === 0)
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `${what} holds no public key: PEM "PUBLIC KEY" is expected`,
    )
  return new Map(keys.map((key) => [keyId(key), key]))
}

/** The beginning of the SHA-256 of the key (SPKI): 128 bits, in hex. */
function keyId(key: KeyObject): string {
  return hash('sha256', key.export({ type: 'spki', format: 'der' })).slice(0, 32)
}

function ed25519(what: string, read: () => KeyObject): KeyObject {
  try {
    const key = read()
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below, without the text of the key.
  }
  throw new SallyportError('CONFIGURATION_INVALID', `${what} is no Ed25519 key (PEM)`)
}
