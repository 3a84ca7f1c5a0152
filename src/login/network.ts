/**
 * What a stranger has at his disposal at the least: an IPv4 address, or the 64 bits of an IPv6 address within which a
 * machine changes its address by itself (RFC 8981). What is no address stands for itself.
 */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%', 1)
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(bare) ?? []
  if (mapped !== undefined || !bare.includes(':')) return mapped ?? bare
  // As `URL` writes it (RFC 5952): lower case, one "::" at most, no IPv4 part.
  const host = URL.parse(`https://[${bare}]`)?.hostname
  if (host === undefined) return bare
  const [before = '', after = ''] = host.slice(1, -1).split('::')
  const [head, tail] = [groupsOf(before), groupsOf(after)]
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::`
}

function groupsOf(part: string): readonly string[] {
  return part === '' ? [] : part.split(':')
}
