import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import type { CreationOptions, RequestOptions } from '../../src/login/passkey-options.ts'
import type { AssertionFields, AttestationFields } from '../../src/login/passkey-fields.ts'
import { cbor, type CborValue } from './cbor.ts'

/** The kinds of keys that we take. */
export type PasskeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** What an authenticator, or the browser before it, does otherwise than it should. */
export interface Lies {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  /** What stands in the client data besides. */
  readonly more?: Readonly<Record<string, unknown>>
  /** The flags: presence (1), verification (4). */
  readonly flags?: number
  /** The signature counter, in place of the next one. */
  readonly counter?: number
  readonly id?: Buffer
  readonly userHandle?: string | undefined
  readonly format?: string
  /** The attestation statement, made of what it is to sign. */
  readonly statement?: (signed: Buffer) => ReadonlyMap<string, CborValue>
  /** Signs with another key than it registered. */
  readonly key?: KeyObject
}

/** An authenticator without a browser: one discoverable credential, made in software. */
export interface Authenticator {
  /** Base64url. */
  readonly id: string
  readonly privateKey: KeyObject
  /** Answers `navigator.credentials.create()`. */
  create(asked: CreationOptions, origin: string, lies?: Lies): AttestationFields
  /** Answers `navigator.credentials.get()`. */
  get(asked: RequestOptions, origin: string, lies?: Lies): AssertionFields
}

/** Presence and verification of the user, and attested credential data. */
const PRESENT = 1
const VERIFIED = 4
const ATTESTED = 64

/** @param hasCounter whether its signature counter rises; else it says 0 for ever, as passkeys that are synced do */
export function authenticator(algorithm: PasskeyAlgorithm = 'ES256', hasCounter = false): Authenticator {
  const id = randomBytes(32)
  const { publicKey, privateKey } = keyPair(algorithm)
  let counter = 0
  let userHandle: string | undefined
  const next = (): number => (hasCounter ? ++counter : 0)
  return {
    id: id.toString('base64url'),
    privateKey,
    create(asked, origin, lies = {}) {
      userHandle = asked.user.id
      const own = lies.id ?? id
      const attested = [Buffer.alloc(16), uint(own.length, 2), own, cbor(cose(publicKey, algorithm))]
      const flags = (lies.flags ?? PRESENT | VERIFIED) | ATTESTED
      const authData = authenticatorData(lies.rpId ?? asked.rp.id, flags, lies.counter ?? next(), attested)
      const client = clientData('webauthn.create', asked.challenge, origin, lies)
      const object = new Map<string, CborValue>([
        ['fmt', lies.format ?? 'none'],
        [
          'attStmt',
          lies.statement?.(Buffer.concat([authData, sha256(client)])) ?? new Map<string, CborValue>(),
        ],
        ['authData', authData],
      ])
      return {
        clientDataJSON: client.toString('base64url'),
        attestationObject: cbor(object).toString('base64url'),
        transports: 'internal hybrid',
      }
    },
    get(asked, origin, lies = {}) {
      const client = clientData('webauthn.get', asked.challenge, origin, lies)
      const data = authenticatorData(
        lies.rpId ?? asked.rpId,
        lies.flags ?? PRESENT | VERIFIED,
        lies.counter ?? next(),
      )
      const signed = Buffer.concat([data, sha256(client)])
      const handle = 'userHandle' in lies ? lies.userHandle : userHandle
      return {
        id: (lies.id ?? id).toString('base64url'),
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signatureOf(signed, lies.key ?? privateKey, algorithm).toString('base64url'),
        ...(handle === undefined ? {} : { userHandle: handle }),
      }
    },
  }
}

function keyPair(algorithm: PasskeyAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** The public key as COSE has it (RFC 9052, section 7). */
function cose(key: KeyObject, algorithm: PasskeyAlgorithm): ReadonlyMap<number, CborValue> {
  const jwk = key.export({ format: 'jwk' })
  const part = (name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url')
  if (algorithm === 'ES256')
    return new Map<number, CborValue>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, part('x')],
      [-3, part('y')],
    ])
  if (algorithm === 'EdDSA')
    return new Map<number, CborValue>([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, part('x')],
    ])
  return new Map<number, CborValue>([
    [1, 3],
    [3, -257],
    [-1, part('n')],
    [-2, part('e')],
  ])
}

function signatureOf(data: Buffer, key: KeyObject, algorithm: PasskeyAlgorithm): Buffer {
  return sign(algorithm === 'EdDSA' ? null : 'sha256', data, key)
}

function clientData(type: string, challenge: string, origin: string, lies: Lies): Buffer {
  const data = {
    type: lies.type ?? type,
    challenge: lies.challenge ?? challenge,
    origin: lies.origin ?? origin,
    crossOrigin: false,
    ...lies.more,
  }
  return Buffer.from(JSON.stringify(data))
}

/** WebAuthn Level 3, section 6.1. */
function authenticatorData(
  rpId: string,
  flags: number,
  counter: number,
  more: readonly Buffer[] = [],
): Buffer {
  return Buffer.concat([sha256(rpId), Buffer.of(flags), uint(counter, 4), ...more])
}

function uint(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest()
}
