import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, type KeyObject } from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** The public part of a key, as upstreams get it (RFC 7517, RFC 8037). */
export interface PublicIdentityKey {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  /** Its thumbprint (RFC 7638). */
  readonly kid: string
  readonly alg: 'EdDSA'
  readonly use: 'sig'
}

/** What signs tokens that say who calls, and what they are verified by. */
export interface IdentityKeys {
  /** Of the key that signs: the newest. */
  readonly keyId: string
  /** Signs with the newest key (Ed25519, RFC 8032): the signature of these bytes of a JWS. */
  sign(signingInput: string): Buffer
  /** Of all keys, newest first: those before it sign nothing any more, and tokens of theirs may still be on their way. */
  readonly jwks: { readonly keys: readonly PublicIdentityKey[] }
}

/** Fewer characters than this are no secret. */
const LEAST_LENGTH = 32

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The keys of the identity secrets: what is derived (HKDF-SHA256) serves this one purpose.
 *
 * @param secrets newest first
 * @throws SallyportError `CONFIGURATION_INVALID` if there is none or one is shorter than 32 characters
 */
export function identityKeys(secrets: readonly string[]): IdentityKeys {
  const pairs = secrets.map(keyPairOf)
  const [newest] = pairs
  if (newest === undefined) throw new SallyportError('CONFIGURATION_INVALID', 'there is no identity key')
  return Object.freeze({
    keyId: newest.publicKey.kid,
    sign: (signingInput: string) => sign(null, Buffer.from(signingInput), newest.privateKey),
    jwks: Object.freeze({ keys: Object.freeze(pairs.map(({ publicKey }) => publicKey)) }),
  })
}

interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: PublicIdentityKey
}

function keyPairOf(secret: string): KeyPair {
  if (secret.length < LEAST_LENGTH)
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `an identity key is shorter than ${LEAST_LENGTH} characters: make one with "openssl rand -base64 48"`,
    )
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'sallyport caller identity v1', 32))
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { privateKey, publicKey: publicKeyOf(x) }
}

/** The members of a thumbprint are in this order, without spaces (RFC 7638, 3; RFC 8037, 2). */
function publicKeyOf(x: string): PublicIdentityKey {
  const members = { crv: 'Ed25519', kty: 'OKP', x } as const
  const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  return Object.freeze({ kty: members.kty, crv: members.crv, x, kid, alg: 'EdDSA', use: 'sig' })
}
