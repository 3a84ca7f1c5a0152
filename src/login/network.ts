import { ipv6Groups } from '../auth/ipv6.ts'

/**
 * What a stranger has at his disposal at the least: an IPv4 address, or the 64 bits of an IPv6 address within which a
 * machine changes its address by itself (RFC 8981). What is no address stands for itself.
 */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%', 1)
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(bare) ?? []
  if (mapped !== undefined) return mapped
  const groups = ipv6Groups(bare)
  return groups === undefined ? bare : `${groups.slice(0, 4).join(':')}::`
}
