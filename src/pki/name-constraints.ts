import { der, DER, derChildren, readDer } from './der.ts'
import type { PermittedNames, SubjectName } from './profile.ts'
import { addressOctets } from './server-names.ts'
import type { X509Certificate } from './x509.ts'

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

/**
 * The first of some names that a CA may not certify, going by its certificate; `undefined` if it may certify all. For
 * saying so in time: whoever verifies a certificate judges for himself.
 */
export function firstForbidden(
  authority: X509Certificate,
  names: readonly SubjectName[],
): SubjectName | undefined {
  const value = authority.getExtension(NAME_CONSTRAINTS_OID)?.value
  if (value === undefined) return undefined
  const subtrees = derChildren(readDer(Buffer.from(value))).find(({ tag }) => tag === PERMITTED_SUBTREES)
  const bases =
    subtrees === undefined ? [] : derChildren(subtrees).flatMap((tree) => derChildren(tree).slice(0, 1))
  return names.find((name) => {
    const ofItsType = bases.filter(({ tag }) => tag === TAG_OF[name.type])
    return ofItsType.length > 0 && !ofItsType.some(({ content }) => isWithin(name, content))
  })
}

const TAG_OF = { dns: NAME_TAG.dns, url: NAME_TAG.uri, ip: NAME_TAG.address } as const

function isWithin({ type, value }: SubjectName, base: Buffer): boolean {
  if (type === 'ip') return isInSubnet(addressOctets(value), base)
  const host = type === 'url' ? (URL.parse(value)?.host ?? '') : value
  const permitted = base.toString('latin1').toLowerCase()
  // A URI's host is meant exactly, unless a dot leads; a DNS name with all that lie below it (RFC 5280, 4.2.1.10).
  const below = permitted.startsWith('.') ? permitted : type === 'dns' ? `.${permitted}` : undefined
  return host === permitted || permitted === '' || (below !== undefined && host.endsWith(below))
}

function isInSubnet(address: Buffer, base: Buffer): boolean {
  const [network, mask] = [base.subarray(0, base.length / 2), base.subarray(base.length / 2)]
  return (
    network.length === address.length &&
    address.every((octet, index) => (octet & (mask[index] ?? 0)) === network[index])
  )
}

/** An address and the mask that leaves nothing but it. */
function withMask(address: Buffer): readonly Buffer[] {
  return [address, Buffer.alloc(address.length, 0xff)]
}
