import type { Passkey } from './credentials.ts'
import type { AssertionFields } from './passkey-fields.ts'
import type { PasskeySite } from './passkey-site.ts'

/**
 * Verifies the proof of a passkey: type, challenge, origin, relying party, presence and verification of the user, and
 * the signature (WebAuthn Level 3, section 7.2). The signature counter is for the caller to compare with the one that
 * is stored at the moment of the change.
 *
 * Fails closed: `undefined` for whatever does not verify, and whatever the library throws. The library, a third of what
 * a server loads, is loaded at the first call.
 *
 * @param challenge base64url, found good already
 * @returns the signature counter
 */
export async function verifyAssertion(
  { id, ...response }: AssertionFields,
  { publicKey }: Pick<Passkey, 'publicKey'>,
  challenge: string,
  { rpId, origin }: PasskeySite,
): Promise<number | undefined> {
  const { userHandle, ...signed } = response
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { ...signed, ...(userHandle === undefined ? {} : { userHandle }) },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      expectedType: 'webauthn.get',
      requireUserVerification: true,
      credential: { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    })
    return verified && authenticationInfo.userVerified ? authenticationInfo.newCounter : undefined
  } catch {
    return undefined
  }
}
