const IPV6 = /^[0-9a-f:.]+$/i

/**
 * The eight groups of an IPv6 address, as `URL` writes them (RFC 5952), in full; `undefined` for what is none.
 *
 * @param address without a zone
 */
export function ipv6Groups(address: string): readonly string[] | undefined {
  if (!address.includes(':') || !IPV6.test(address)) return undefined
  const host = URL.parse(`https://[${address}]`)?.hostname.slice(1, -1)
  if (host === undefined) return undefined
  const [head = [], tail = []] = host.split('::').map((part) => (part === '' ? [] : part.split(':')))
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
}
