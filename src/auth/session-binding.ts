import { ipv6Groups } from './ipv6.ts'

/** What a session is bound to beyond its token. */
export type SessionBinding = 'none' | 'address' | 'certificate'

/** What whoever presents a token can be known by besides. */
export interface Holder {
  /** The IP address that he comes from; `undefined` where a proxy speaks for him, whose address says nothing. */
  readonly address: string | undefined
  /** Lower-case hex SHA-256 of the public key of his client certificate (DER, SubjectPublicKeyInfo), if he has one. */
  readonly certificateKey: string | undefined
}

/**
 * What a session of this holder is bound to: `null` for nothing more than its token, `address:` and a prefix, or
 * `certificate:` and the digest of a key.
 *
 * The prefix is what a provider gives to one customer at the least: 24 bits of an IPv4 address, 64 of an IPv6 address,
 * within which a machine changes its address by itself (RFC 8981). A key is that of the certificate at the login; a
 * certificate that was renewed with another key needs another login.
 *
 * Fails closed: `undefined` for a holder who has nothing to be bound to; there is no session for him.
 */
export function bindingOf(
  { address, certificateKey }: Holder,
  binding: SessionBinding,
): string | null | undefined {
  switch (binding) {
    case 'none':
      return null
    case 'address': {
      const prefix = address === undefined ? undefined : prefixOf(address)
      return prefix === undefined ? undefined : `address:${prefix}`
    }
    case 'certificate':
      return certificateKey === undefined ? undefined : `certificate:${certificateKey}`
  }
}

/**
 * Whether a session is of use to a holder. Fails closed: not, if it is bound to less than sessions must be now, or to
 * something that this version does not know.
 *
 * @param bound what {@link bindingOf} gave when it was opened
 * @param binding what sessions must be bound to now
 */
export function isBoundTo(bound: string | null, holder: Holder, binding: SessionBinding): boolean {
  const kind = KINDS.find((one) => bound?.startsWith(`${one}:`) === true) ?? 'none'
  if (binding !== 'none' && binding !== kind) return false
  return bindingOf(holder, kind) === bound
}

const KINDS = ['address', 'certificate'] as const satisfies readonly SessionBinding[]

const IPV4 = /^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3}$/

function prefixOf(address: string): string | undefined {
  const [bare = ''] = address.split('%', 1)
  const [, network] = IPV4.exec(bare) ?? []
  if (network !== undefined) return `${network}.0/24`
  const groups = ipv6Groups(bare)
  if (groups === undefined) return undefined
  if (!isMapped(groups)) return `${groups.slice(0, 4).join(':')}::/64`
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return `${high >> 8}.${high & 255}.${low >> 8}.0/24`
}

/** An IPv4 address, as a socket for both kinds has it (RFC 4291, 2.5.5.2). */
function isMapped(groups: readonly string[]): boolean {
  return groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff'
}
