/** An IP address: how many bits its kind has, and the number that it is. */
interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** What is wrong with a network; what `cidr` needs otherwise. */
export type Network =
  | { readonly problem: string }
  | { readonly has: (address: string) => boolean | undefined }

/** IPv4-mapped IPv6 addresses, `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
const MAPPED = 0xffffn
const OCTET = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-f]{1,4}$/i

/**
 * Reads a network, `10.0.0.0/8` or `2001:db8::/32`, or one address. An IPv4 address that is written as IPv6
 * (`::ffff:10.0.0.1`) is that IPv4 address, on both sides. An address may have a zone (`fe80::1%eth0`), which does not
 * count. `has` gives `undefined` for what is no address.
 */
export function parseNetwork(text: string): Network {
  const [host = '', length, ...more] = text.split('/')
  const address = parseAddress(host)
  if (address === undefined || more.length > 0) return { problem: 'is not a network, as in "10.0.0.0/8"' }
  const ownBits = host.includes(':') ? 128 : 32
  const prefix = length === undefined ? ownBits : OCTET.test(length) ? Number(length) : Infinity
  if (prefix > ownBits) return { problem: `must have a prefix of at most ${ownBits} bits` }
  const kept = prefix - (ownBits - address.bits)
  if (kept < 0) return { problem: 'must say IPv4 networks as such, as in "10.0.0.0/8"' }
  const shift = BigInt(address.bits - kept)
  if ((address.value >> shift) << shift !== address.value)
    return { problem: `has bits set beyond its prefix of ${prefix}` }
  return { has: (candidate) => isIn(parseAddress(candidate), address, shift) }
}

function isIn(candidate: Address | undefined, network: Address, shift: bigint): boolean | undefined {
  if (candidate === undefined) return undefined
  return candidate.bits === network.bits && candidate.value >> shift === network.value >> shift
}

function parseAddress(text: string): Address | undefined {
  if (text.length > 100) return undefined
  if (!text.includes(':')) return ofParts(32, octets(text))
  const zone = text.indexOf('%')
  const address = ofParts(128, groups(zone === -1 ? text : text.slice(0, zone)))
  if (address === undefined || zone === text.length - 1) return undefined
  return address.value >> 32n === MAPPED ? { bits: 32, value: address.value & 0xffffffffn } : address
}

function ofParts(bits: 32 | 128, parts: readonly number[] | undefined): Address | undefined {
  if (parts === undefined) return undefined
  const width = BigInt(bits / parts.length)
  return { bits, value: parts.reduce((value, part) => (value << width) | BigInt(part), 0n) }
}

/** Without leading zeros, which some read as octal. */
function octets(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  const numbers = parts.map(Number)
  return parts.length === 4 && parts.every((part) => OCTET.test(part)) && numbers.every((part) => part < 256)
    ? numbers
    : undefined
}

/** The eight groups of an IPv6 address, of which the last two may be written as IPv4 (RFC 4291, 2.2). */
function groups(text: string): readonly number[] | undefined {
  const halves = withoutDots(text).split('::')
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const known = [...head, ...(tail ?? [])]
  if (halves.length > 2 || !known.every((group) => GROUP.test(group))) return undefined
  if (tail === undefined ? known.length !== 8 : known.length > 7) return undefined
  const zeros = Array.from({ length: 8 - known.length }, () => '0')
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16))
}

/** The same address with an IPv4 address at its end written as two groups. */
function withoutDots(text: string): string {
  const start = text.lastIndexOf(':') + 1
  const last = text.slice(start)
  if (!last.includes('.')) return text
  const [a = 0, b = 0, c = 0, d = 0] = octets(last) ?? [-1]
  return a < 0 ? '' : `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}
