import { SallyportError } from '../errors.ts'
import type { SubjectName } from './profile.ts'

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'

/**
 * A DNS name without a wildcard: we never issue one (RFC 9525, 7.1). Underscores occur in host names of containers;
 * a last label of digits would be an address gone wrong.
 */
const DNS_NAME = new RegExp(`^(?=.{1,253}$)(?!(?:.*\\.)?[0-9]+$)${LABEL}(?:\\.${LABEL})*$`)

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** The names under which a server is reached from its own machine, and by its host name if that can be one. */
export function defaultServerNames(hostname: string): readonly string[] {
  const own = hostname.toLowerCase()
  return ['localhost', '127.0.0.1', '::1', ...(own !== 'localhost' && DNS_NAME.test(own) ? [own] : [])]
}

/**
 * Makes subject alternative names of host names and addresses.
 *
 * @throws SallyportError `NAME_INVALID` for what is neither
 */
export function serverNames(names: readonly string[]): readonly SubjectName[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].map((name) => {
    if (isAddress(name)) return { type: 'ip', value: name }
    if (DNS_NAME.test(name)) return { type: 'dns', value: name }
    throw new SallyportError(
      'NAME_INVALID',
      `${JSON.stringify(name)} is neither an address nor a host name (wildcards are never issued): use one like "mcp.example.internal"`,
    )
  })
}

/** The octets of an address that {@link serverNames} takes: 4 or 16. */
export function addressOctets(address: string): Buffer {
  if (IPV4.test(address)) return Buffer.from(address.split('.').map(Number))
  // As a URL has it, the address is in hex words, with at most one run of zeros left out (RFC 5952).
  const [head = '', tail] = new URL(`https://[${address}]`).hostname.slice(1, -1).split('::')
  const [front, back] = [wordsOf(head), wordsOf(tail ?? '')]
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0)
  return Buffer.from([...front, ...zeros, ...back].flatMap((word) => [word >> 8, word & 0xff]))
}

function wordsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
}

function isAddress(name: string): boolean {
  return IPV4.test(name) || (/^[0-9a-f:.]+$/.test(name) && URL.canParse(`https://[${name}]`))
}
