import { CHALLENGE_LIFE } from './passkey-challenge.ts'
import type { Passkey } from './credentials.ts'
import type { PasskeySite } from './passkey-site.ts'
import { ALGORITHMS } from './verify-attestation.ts'

/** A browser gives up so long before the challenge has run out, in ms. */
const MARGIN = 30_000

/** What `navigator.credentials.get()` is asked (WebAuthn Level 3, section 5.5), in its JSON form. */
export interface RequestOptions {
  readonly challenge: string
  readonly rpId: string
  readonly timeout: number
  readonly userVerification: 'required'
  readonly allowCredentials: readonly Descriptor[]
}

/** What `navigator.credentials.create()` is asked (WebAuthn Level 3, section 5.4), in its JSON form. */
export interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id: string; readonly name: string }
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string }
  readonly pubKeyCredParams: readonly { readonly type: 'public-key'; readonly alg: number }[]
  readonly timeout: number
  readonly attestation: 'none'
  readonly authenticatorSelection: {
    readonly residentKey: 'required'
    readonly requireResidentKey: true
    readonly userVerification: 'required'
  }
  readonly excludeCredentials: readonly Descriptor[]
}

/** One passkey, as a browser is told of it. */
export interface Descriptor extends Pick<Passkey, 'id' | 'transports'> {
  readonly type: 'public-key'
}

/** @param passkeys that are asked for; none for whichever the browser has */
export function requestOptions(
  challenge: string,
  { rpId }: PasskeySite,
  passkeys: readonly Passkey[],
): RequestOptions {
  return {
    challenge,
    rpId,
    timeout: CHALLENGE_LIFE - MARGIN,
    userVerification: 'required',
    allowCredentials: passkeys.map(descriptorOf),
  }
}

/**
 * @param user his name, and his handle, which says nothing about him
 * @param passkeys that he has already
 */
export function creationOptions(
  challenge: string,
  { rpId }: PasskeySite,
  { name, handle }: { readonly name: string; readonly handle: string },
  passkeys: readonly Passkey[],
): CreationOptions {
  return {
    challenge,
    rp: { id: rpId, name: 'Sallyport' },
    user: { id: handle, name, displayName: name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_LIFE - MARGIN,
    attestation: 'none',
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    excludeCredentials: passkeys.map(descriptorOf),
  }
}

function descriptorOf({ id, transports }: Passkey): Descriptor {
  return { type: 'public-key', id, transports }
}
