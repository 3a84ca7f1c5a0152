import type { AttestationObject } from '@simplewebauthn/server/helpers'
import type { Passkey } from './credentials.ts'
import type { AttestationFields } from './passkey-fields.ts'
import type { PasskeySite } from './passkey-site.ts'

/** ES256, EdDSA and RS256 (RFC 9053, RFC 8812): what authenticators have, best first. */
export const ALGORITHMS: readonly number[] = [-7, -8, -257]

const TRANSPORTS: ReadonlySet<string> = new Set([
  'usb',
  'nfc',
  'ble',
  'smart-card',
  'hybrid',
  'cable',
  'internal',
])

/** Shorter ids cannot have the 100 bits of entropy that the specification asks for; longer ones it does not allow. */
const ID_LENGTH = { least: 16, most: 1_023 }

/** What a new passkey says about itself. */
export type NewPasskey = Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports'>

/**
 * Verifies a new passkey (WebAuthn Level 3, section 7.1): type, challenge, origin, relying party, presence and
 * verification of the user, and the algorithm.
 *
 * Fails closed: `undefined` for whatever does not verify, and whatever the library throws.
 *
 * @param challenge base64url, found good already
 */
export async function verifyAttestation(
  { clientDataJSON, attestationObject, transports = '' }: AttestationFields,
  challenge: string,
  { rpId, origin }: PasskeySite,
): Promise<NewPasskey | undefined> {
  const [{ verifyRegistrationResponse }, { decodeAttestationObject }] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ])
  try {
    const object = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
    if (!isWithoutCertificate(object)) return undefined
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      // The id that counts is the one in the authenticator data, which is what comes back.
      response: {
        id: 'unread',
        rawId: 'unread',
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      expectedType: 'webauthn.create',
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    })
    if (!verified || !registrationInfo.userVerified) return undefined
    const { id, publicKey, counter } = registrationInfo.credential
    const { length } = Buffer.from(id, 'base64url')
    if (length < ID_LENGTH.least || length > ID_LENGTH.most) return undefined
    return {
      id,
      publicKey: Buffer.from(publicKey).toString('base64url'),
      counter,
      transports: [...new Set(transports.split(' '))].filter((name) => TRANSPORTS.has(name)),
    }
  } catch {
    return undefined
  }
}

/**
 * We ask for no attestation, so that an honest browser sends none, or one that the new key itself signed. Certificates
 * are refused unread: they prove nothing that we ask, and what judges them has much to read, and addresses to fetch.
 */
function isWithoutCertificate(object: AttestationObject): boolean {
  const format = object.get('fmt')
  return format === 'none' || (format === 'packed' && object.get('attStmt').get('x5c') === undefined)
}
