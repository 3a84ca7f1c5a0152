import type { CertificateDetails } from './certificate-details.ts'
import { namePattern } from './name-pattern.ts'
import { foreignPrincipalOf, isPrincipalKind, ownPrincipalOf, TRUST_DOMAIN } from './principal.ts'
import type { Principal, PrincipalKind } from './principal.ts'
import { subjectValues, type SubjectAttribute } from './subject.ts'

/** Which certificates of an issuer name somebody, and whom. */
export interface IssuerRule {
  /** Whether a certificate for clients may be one for servers, too; ours may not, SPIFFE's usually are. */
  readonly mayServe: boolean
  /** Fails closed: `undefined` unless it names exactly one principal. */
  readonly principalIn: (details: CertificateDetails) => Principal | undefined
  /** Whether a URI is of a trust domain that the issuer owns: of all others it may write into a certificate what it likes. */
  readonly mayName: (uri: string) => boolean
}

/** How the certificates of another CA name principals. */
export interface PrincipalMapping {
  /** Which of its names counts. */
  readonly from: 'uri' | 'dns' | 'email' | 'subject'
  /** Of the subject; needed with `subject`, and only there. */
  readonly attribute?: SubjectAttribute | undefined
  /** Needed unless `from` is `uri`; without it the first segment of a SPIFFE ID says the kind. */
  readonly kind?: PrincipalKind | undefined
  /** What the name must look like: "*" stands for a run of anything but "/", "**" for a run of anything. */
  readonly match?: string | undefined
}

/** Longer values name nobody, and are not looked at. */
const LONGEST = 512

/** Our own CA: one name and no other, `spiffe://<trust domain>/<kind>/<name>`. */
export function ownRule(trustDomain: string): IssuerRule {
  const prefix = `spiffe://${trustDomain}/`
  return {
    mayServe: false,
    principalIn({ names }) {
      const [uri, ...others] = names
      if (uri?.type !== 'uri' || others.length > 0 || !uri.value.startsWith(prefix)) return undefined
      const [kind = '', name = '', ...rest] = uri.value.slice(prefix.length).split('/')
      return isPrincipalKind(kind) && rest.length === 0 ? ownPrincipalOf(kind, name) : undefined
    },
    mayName: (uri) => uri.startsWith(prefix),
  }
}

/**
 * The CA of somebody else: whatever it certifies, the principal is of one of the trust domains that it owns, and says
 * so in its name.
 *
 * @param trustDomains none of them ours; exactly one unless the mapping is from `uri`
 */
export function foreignRule(trustDomains: readonly string[], mapping: PrincipalMapping): IssuerRule {
  const matches = mapping.match === undefined ? () => true : namePattern(mapping.match)
  const [home = ''] = trustDomains
  return {
    mayServe: true,
    principalIn(details) {
      const [value, ...others] = valuesOf(details, mapping)
      if (value === undefined || others.length > 0 || value.length > LONGEST || !matches(value))
        return undefined
      if (mapping.from === 'uri') return spiffePrincipal(value, trustDomains, mapping.kind)
      return mapping.kind === undefined ? undefined : foreignPrincipalOf(mapping.kind, home, value)
    },
    mayName: (uri) => trustDomains.some((domain) => uri.startsWith(`spiffe://${domain}/`)),
  }
}

/** What makes a mapping one that names nobody, or somebody else's: a sentence; `undefined` if nothing does. */
export function mappingFault(
  trustDomains: readonly string[],
  { from, attribute, kind }: PrincipalMapping,
): string | undefined {
  if (trustDomains.length === 0) return 'it owns no trust domain: name one'
  const odd = trustDomains.find((domain) => !TRUST_DOMAIN.test(domain))
  if (odd !== undefined)
    return `"${odd}" is no trust domain: lower-case letters, digits, ".", "_" and "-", at most 255`
  if ((from === 'subject') !== (attribute !== undefined))
    return 'an attribute belongs to a principal from "subject", and to no other'
  if (from === 'uri') return undefined
  if (kind === undefined) return `a principal from "${from}" needs a kind: service, agent or user`
  return trustDomains.length > 1 ? `a principal from "${from}" needs exactly one trust domain` : undefined
}

/** Every name of the kind that counts, as it is compared. */
function valuesOf(details: CertificateDetails, { from, attribute }: PrincipalMapping): readonly string[] {
  if (from === 'subject') return attribute === undefined ? [] : subjectValues(details.subject, attribute)
  const values = details.names.filter(({ type }) => type === from).map(({ value }) => value)
  if (from === 'uri') return values
  return values.map(from === 'dns' ? hostName : mailbox)
}

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const LOCAL_PART = /^[A-Za-z0-9_+=~-]+(?:\.[A-Za-z0-9_+=~-]+)*$/

/** Upper and lower case mean the same in DNS (RFC 4343). Nothing that is no name of a host is one: no "*", either. */
function hostName(value: string): string {
  const name = value.toLowerCase()
  return HOST.test(name) ? name : ''
}

/** Only what is behind the "@" is compared without regard to case (RFC 5280, 4.2.1.6; RFC 5321, 2.4). */
function mailbox(value: string): string {
  const at = value.lastIndexOf('@')
  const [local, host] = [value.slice(0, Math.max(at, 0)), hostName(value.slice(at + 1))]
  return LOCAL_PART.test(local) && host !== '' ? `${local}@${host}` : ''
}

/** A SPIFFE ID of one of these trust domains (SPIFFE-ID, section 2): with a kind of its own, or that of the rule. */
function spiffePrincipal(
  uri: string,
  trustDomains: readonly string[],
  kind: PrincipalKind | undefined,
): Principal | undefined {
  const trustDomain = trustDomains.find((domain) => uri.startsWith(`spiffe://${domain}/`))
  if (trustDomain === undefined) return undefined
  const path = uri.slice(`spiffe://${trustDomain}/`.length)
  if (kind !== undefined) return foreignPrincipalOf(kind, trustDomain, path)
  const [first = '', ...rest] = path.split('/')
  return isPrincipalKind(first) ? foreignPrincipalOf(first, trustDomain, rest.join('/')) : undefined
}
