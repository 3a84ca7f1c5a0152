import { der, DER } from './der.ts'
import type { PermittedNames } from './profile.ts'
import { addressOctets } from './server-names.ts'

/** RFC 5280, 4.2.1.10. */
export const NAME_CONSTRAINTS_OID = '2.5.29.30'

/** Context tags of GeneralName (RFC 5280, 4.2.1.6). */
const NAME_TAG = { dns: 0x82, uri: 0x86, address: 0x87 } as const
const PERMITTED_SUBTREES = 0xa0

/** The value of the extension. */
export function encodeNameConstraints({ uriHost, dns, addresses }: PermittedNames): Buffer {
  const bases = [
    der(NAME_TAG.uri, Buffer.from(uriHost)),
    ...dns.map((name) => der(NAME_TAG.dns, Buffer.from(name))),
    ...addresses.map((address) => der(NAME_TAG.address, ...withMask(addressOctets(address)))),
  ]
  return der(DER.sequence, der(PERMITTED_SUBTREES, ...bases.map((base) => der(DER.sequence, base))))
}

/** An address and the mask that leaves nothing but it. */
function withMask(address: Buffer): readonly Buffer[] {
  return [address, Buffer.alloc(address.length, 0xff)]
}
