import type { CertificateDetails, GeneralName } from './certificate-details.ts'
import { generalNameOf } from './certificate-details.ts'
import { DER, derElements, derInside, type DerElement } from './der.ts'
import { canonicalName, subjectValues } from './subject.ts'

/** What names a CA may certify (RFC 5280, 4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** More than any CA has. */
const MOST_SUBTREES = 256

/** Reads the value of the extension. Fails closed: `undefined` if it cannot be read, and then nothing of that CA is believed. */
export function readNameConstraints(value: Buffer): NameConstraints | undefined {
  const parts = derInside(value, DER.sequence, 2)
  if (parts === undefined || parts.length === 0) return undefined
  if (parts.map(({ tag }) => tag).some((tag, index, tags) => !isSubtrees(tag) || tags.indexOf(tag) < index))
    return undefined
  const [permitted, excluded] = [0xa0, 0xa1].map((tag) => subtrees(parts.find((part) => part.tag === tag)))
  return permitted && excluded && { permitted, excluded }
}

/**
 * Whether a CA with these constraints may certify this: its subject and every one of its names.
 *
 * Fails closed: a name that cannot be read, or of a type that is not understood here and constrained, breaks them.
 */
export function isWithin({ permitted, excluded }: NameConstraints, details: CertificateDetails): boolean {
  return [...details.names, ...subjectNames(details)].every((name) => {
    const bounds = permitted.filter(({ type }) => type === name.type)
    const covered = bounds.length === 0 || bounds.some((bound) => covers(bound, name) === true)
    return covered && excluded.every((bound) => bound.type !== name.type || covers(bound, name) === false)
  })
}

/** What a subject names beside the names: as a whole, and by what programs of old read in it, as openssl has it. */
function subjectNames({ subject, names }: CertificateDetails): readonly GeneralName[] {
  const hosts = names.some(({ type }) => type === 'dns')
    ? []
    : subjectValues(subject, 'CN').filter((value) => /^[\w-]+(?:\.[\w-]+)+$/.test(value))
  return [
    ...(subject.length === 0 ? [] : [{ type: 'directory', value: subject.toString('latin1') } as const]),
    ...subjectValues(subject, 'emailAddress').map((value) => ({ type: 'email', value }) as const),
    ...hosts.map((value) => ({ type: 'dns', value }) as const),
  ]
}

function isSubtrees(tag: number): boolean {
  return tag === 0xa0 || tag === 0xa1
}

function subtrees(part: DerElement | undefined): readonly GeneralName[] | undefined {
  if (part === undefined) return []
  const bases = derElements(part.content, MOST_SUBTREES)?.map(baseOf)
  return bases?.every((base) => base !== undefined) === true ? bases : undefined
}

/** `minimum` and `maximum` are not used in this profile, so a base stands alone. */
function baseOf({ tag, content }: DerElement): GeneralName | undefined {
  const [base, ...more] = (tag === DER.sequence ? derElements(content, 1) : undefined) ?? []
  return base === undefined || more.length > 0 ? undefined : generalNameOf(base)
}

/** Whether a name lies in a subtree of its own type; `undefined` where that cannot be said. */
function covers(bound: GeneralName, { value }: GeneralName): boolean | undefined {
  switch (bound.type) {
    case 'uri':
      return coversHost(bound.value, /^[a-z][a-z0-9+.-]*:\/\/([^/?#@:]+)(?:[/?#]|$)/i.exec(value)?.[1])
    case 'dns':
      return coversDns(bound.value, value)
    case 'email':
      return coversMailbox(bound.value, value)
    case 'address':
      return coversAddress(Buffer.from(bound.value, 'latin1'), Buffer.from(value, 'latin1'))
    case 'directory':
      return coversDirectory(bound.value, value)
    case 'other':
      return undefined
  }
}

/** A host is itself only; what begins with a dot is all that lies below it. */
function coversHost(bound: string, host: string | undefined): boolean | undefined {
  if (host === undefined || !isPlain(host)) return undefined
  const [wide, narrow] = [bound.toLowerCase(), host.toLowerCase()]
  return wide.startsWith('.') ? narrow.endsWith(wide) : narrow === wide
}

/** A domain is itself and all that lies below it; the empty one is all there are. */
function coversDns(bound: string, name: string): boolean | undefined {
  // A "*" stands for names on both sides of a bound, so nothing can be said of it.
  if (!isPlain(name) || name.includes('*')) return undefined
  const wide = bound.toLowerCase().replace(/^\./, '')
  const narrow = name.toLowerCase()
  return wide === '' || narrow.endsWith(`.${wide}`) || (narrow === wide && !bound.startsWith('.'))
}

function coversMailbox(bound: string, mailbox: string): boolean | undefined {
  const [local, host, ...more] = mailbox.split('@')
  if (local === undefined || host === undefined || more.length > 0) return undefined
  if (!bound.includes('@')) return coversHost(bound, host)
  const at = bound.lastIndexOf('@')
  return bound.slice(0, at) === local && coversHost(bound.slice(at + 1), host)
}

/** An address and a mask, as long as each other. */
function coversAddress(bound: Buffer, address: Buffer): boolean | undefined {
  if (![4, 16].includes(address.length) || ![8, 32].includes(bound.length)) return undefined
  if (bound.length !== 2 * address.length) return false
  const [network, mask] = [bound.subarray(0, address.length), bound.subarray(address.length)]
  return address.every((octet, index) => ((octet ^ (network[index] ?? 0)) & (mask[index] ?? 0xff)) === 0)
}

/** A directory name is all that begin with it. */
function coversDirectory(bound: string, name: string): boolean | undefined {
  // Of a GeneralName it is wrapped once more (RFC 5280, appendix A.2: Name is a CHOICE, so its tag is explicit).
  const [inner] = derElements(Buffer.from(bound, 'latin1'), 1) ?? []
  const wide = inner && canonicalName(inner.content)
  const narrow = canonicalName(Buffer.from(name, 'latin1'))
  return wide && narrow && wide.every((part, index) => part === narrow[index])
}

function isPlain(host: string): boolean {
  return /^[\x21-\x7e]+$/.test(host)
}
