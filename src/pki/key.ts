import { createPrivateKey, createPublicKey, webcrypto, type KeyObject } from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** A key pair as WebCrypto has it. */
export type KeyPair = webcrypto.CryptoKeyPair
/** One key as WebCrypto has it. */
export type Key = webcrypto.CryptoKey

/** The kinds of key that this CA makes and signs for. */
export type KeyType = 'p256' | 'p384' | 'ed25519'

/** The kinds, in the order in which people are told them; the first is the default. */
export const KEY_TYPES: readonly [KeyType, ...KeyType[]] = ['p256', 'p384', 'ed25519']

/** What WebCrypto has to be told to make a key, and to sign with it. */
interface KeyAlgorithm {
  readonly name: 'ECDSA' | 'Ed25519'
  readonly namedCurve?: 'P-256' | 'P-384'
  readonly hash?: 'SHA-256' | 'SHA-384'
}

/** Keys, each with the one way of signing that goes with its strength (RFC 5480, 4; RFC 8410). */
const ALGORITHMS: Readonly<Record<KeyType, KeyAlgorithm>> = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  ed25519: { name: 'Ed25519' },
}

/** A new key pair from the system's random source. Extractable, because it has to be written to a file once. */
export async function newKeyPair(type: KeyType = KEY_TYPES[0]): Promise<KeyPair> {
  // The names say which kinds these are; the overloads of WebCrypto know them as single words only.
  const pair = await webcrypto.subtle.generateKey(ALGORITHMS[type], true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('no key pair')
  return pair
}

/** How the holder of `key` signs. */
export function signingAlgorithm(key: Key): KeyAlgorithm {
  return ALGORITHMS[typeOf(key)]
}

/** The private key as PKCS #8 PEM. */
export async function privateKeyPem(key: Key): Promise<string> {
  const der = await privateKeyDer(key)
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

/** The private key as PKCS #8 (RFC 5958). */
export async function privateKeyDer(key: Key): Promise<Buffer> {
  return Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
}

/**
 * Makes a private key ready for signing; it cannot be exported again.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` if it is of a kind that this CA does not make
 */
export async function signingKey(key: KeyObject): Promise<Key> {
  const type = key.type === 'private' ? keyTypeOf(key) : undefined
  if (type === undefined)
    throw new SallyportError('CERTIFICATE_INVALID', `a CA key is none of ${KEY_TYPES.join(', ')}`)
  const der = key.export({ format: 'der', type: 'pkcs8' })
  return await webcrypto.subtle.importKey('pkcs8', der, ALGORITHMS[type], false, ['sign'])
}

/**
 * How the one encoding of a public key begins that each kind has here (RFC 5480, 2; RFC 8410, 4): a named curve and a
 * whole point. A curve that is spelled out may be any curve, with a generator of somebody's choice.
 */
const ENCODINGS: Readonly<Record<KeyType, { readonly prefix: string; readonly length: number }>> = {
  p256: { prefix: '3059301306072a8648ce3d020106082a8648ce3d03010703420004', length: 91 },
  p384: { prefix: '3076301006072a8648ce3d020106052b8104002203620004', length: 120 },
  ed25519: { prefix: '302a300506032b6570032100', length: 44 },
}

/**
 * Reads a public key (SubjectPublicKeyInfo, RFC 5280, 4.1.2.7); `undefined` unless it is of a kind that we sign for.
 *
 * @throws an error of node:crypto if it is no point of its curve
 */
export function readPublicKey(spki: Buffer): KeyObject | undefined {
  const known = Object.values(ENCODINGS).some(
    ({ prefix, length }) => spki.length === length && spki.toString('hex').startsWith(prefix),
  )
  return known ? createPublicKey({ key: spki, format: 'der', type: 'spki' }) : undefined
}

/** A public key as WebCrypto has it. */
export async function verifyingKey(key: KeyObject): Promise<Key> {
  const type = keyTypeOf(key)
  if (type === undefined) throw new TypeError('no key of ours')
  const der = key.export({ format: 'der', type: 'spki' })
  return await webcrypto.subtle.importKey('spki', der, ALGORITHMS[type], true, ['verify'])
}

/** Of which of our kinds a key is; `undefined` for any other. */
export function keyTypeOf(key: KeyObject): KeyType | undefined {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  if (key.asymmetricKeyType !== 'ec') return undefined
  const curve = key.asymmetricKeyDetails?.namedCurve
  return curve === 'prime256v1' ? 'p256' : curve === 'secp384r1' ? 'p384' : undefined
}

function typeOf({ algorithm }: Key): KeyType {
  const curve = 'namedCurve' in algorithm ? algorithm.namedCurve : undefined
  const type = KEY_TYPES.find(
    (candidate) =>
      ALGORITHMS[candidate].name === algorithm.name && ALGORITHMS[candidate].namedCurve === curve,
  )
  if (type === undefined)
    throw new SallyportError('CERTIFICATE_INVALID', 'a key is of no kind that this CA makes')
  return type
}
