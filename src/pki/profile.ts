import { spiffeUri, type PrincipalKind } from './name.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** What has a length of life. */
type Lived =
  | 'root'
  | 'issuing'
  | 'server'
  | 'client'
  | 'longestClient'
  | 'shortestClient'
  | 'issuingRevocationList'
  | 'rootRevocationList'

/** How long what we issue lives, in ms. */
export const LIFETIME: Readonly<Record<Lived, number>> = {
  /** The root is replaced by hand in every client that trusts it, so rarely. */
  root: 10 * YEAR,
  /**
   * Nothing renews the issuing CA by itself, and its end stops the whole installation; a stolen key is answered by
   * the root's revocation list, not by waiting. So years, not months.
   */
  issuing: 5 * YEAR,
  server: 30 * DAY,
  client: 24 * HOUR,
  /** What `--ttl` may ask for at most, and at least. */
  longestClient: 90 * DAY,
  shortestClient: 60 * SECOND,
  issuingRevocationList: 30 * DAY,
  /** The root's key may be far away: its list has to last. */
  rootRevocationList: YEAR,
}

/** How far `notBefore` lies in the past, in ms: for clocks that are a little behind ours. */
export const BACKDATING: number = 60 * SECOND

/** A name in the subject alternative name extension (RFC 5280, 4.2.1.6). */
export interface SubjectName {
  readonly type: 'url' | 'dns' | 'ip'
  readonly value: string
}

/**
 * What names a CA may certify. Only what is permitted is ever said: excluded subtrees are not checked alike everywhere.
 * Of a type that is not mentioned, every name is permitted (RFC 5280, 4.2.1.10).
 */
export interface PermittedNames {
  /** The host of every URI: this one exactly. */
  readonly uriHost: string
  /** DNS names, each with all that lie below it. */
  readonly dns: readonly string[]
  /** Single addresses. */
  readonly addresses: readonly string[]
}

/** What the key of a certificate may be used for (RFC 5280, 4.2.1.3). */
type KeyUsage = 'digitalSignature' | 'keyCertSign' | 'cRLSign'

/** Everything a certificate says, before it has a key, a serial and a signature. Times in ms since the epoch. */
export interface CertificateTemplate {
  readonly organization?: string
  /** For people's eyes; nothing decides by it. */
  readonly commonName: string
  /** What makes it a CA (critical basicConstraints); absent for servers and clients. */
  readonly authority?: { readonly pathLength: number }
  /** Critical keyUsage. */
  readonly usages: readonly [KeyUsage, ...KeyUsage[]]
  /** extendedKeyUsage; empty leaves the extension out. */
  readonly purposes: readonly ('serverAuth' | 'clientAuth')[]
  /** subjectAltName; empty leaves the extension out. */
  readonly names: readonly SubjectName[]
  /** Critical nameConstraints of a CA: what it may certify. */
  readonly permitted?: PermittedNames
  /** What the holder may do at most, whatever the policy grants. */
  readonly ceiling?: readonly string[]
  /** Where the signer's revocation list is to be had (RFC 5280, 4.2.1.13). */
  readonly revocationList?: string
  readonly notBefore: number
  readonly notAfter: number
}

/** The root: signs issuing CAs and its own revocation list, nothing else. */
export function rootTemplate(trustDomain: string, now: number): CertificateTemplate {
  return {
    organization: trustDomain,
    commonName: 'Sallyport root CA',
    authority: { pathLength: 1 },
    usages: ['keyCertSign', 'cRLSign'],
    purposes: [],
    names: [],
    ...lifetime(LIFETIME.root, now),
  }
}

/** What an authority is made for, beside its trust domain. */
export interface AuthorityProfile {
  readonly trustDomain: string
  /** DNS names and addresses of the servers that it may certify, and no others; empty for any. */
  readonly servers: readonly SubjectName[]
  /** URL of the folder in which the revocation lists are published, without a slash at its end. */
  readonly revocationListUrl?: string
}

/**
 * The issuing CA: signs servers, clients and its own revocation list; no CA below it. Whatever it signs, every URI is of
 * the trust domain, so that whoever has its key cannot name a client of another one.
 */
export function issuingTemplate(profile: AuthorityProfile, now: number): CertificateTemplate {
  return {
    organization: profile.trustDomain,
    commonName: 'Sallyport issuing CA',
    authority: { pathLength: 0 },
    usages: ['keyCertSign', 'cRLSign'],
    purposes: [],
    names: [],
    permitted: permittedNames(profile),
    ...published(profile.revocationListUrl, 'root.crl'),
    ...lifetime(LIFETIME.issuing, now),
  }
}

/** Whom servers are reached by from their own machine: permitted wherever servers are. */
const LOOPBACK: readonly SubjectName[] = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
]

function permittedNames({ trustDomain, servers }: AuthorityProfile): PermittedNames {
  const names = servers.length === 0 ? [] : [...LOOPBACK, ...servers]
  const values = (type: SubjectName['type']): readonly string[] => [
    ...new Set(names.filter((name) => name.type === type).map(({ value }) => value)),
  ]
  return { uriHost: trustDomain, dns: values('dns'), addresses: values('ip') }
}

/** A server: may only ever be one, under the names that clients connect to. */
export function serverTemplate(
  names: readonly SubjectName[],
  now: number,
  { revocationListUrl }: Published = {},
): CertificateTemplate {
  return {
    // Never an address, which OpenSSL would hold for a host name.
    commonName: names.find(({ type }) => type === 'dns')?.value ?? 'server',
    usages: ['digitalSignature'],
    purposes: ['serverAuth'],
    names,
    ...published(revocationListUrl, 'issuing.crl'),
    ...lifetime(LIFETIME.server, now),
  }
}

/** Whom a client certificate names. */
export interface ClientIdentity {
  readonly trustDomain: string
  readonly kind: PrincipalKind
  readonly name: string
}

/** What a client certificate may say beside whom it names. */
export interface ClientProfile extends Published {
  readonly ceiling?: readonly string[]
}

/** Where the revocation lists are published; absent where they are not. */
interface Published {
  readonly revocationListUrl?: string
}

/**
 * A client, of whichever kind (service, agent or user): its identity is the one URI, in the shape of a SPIFFE ID
 * (SPIFFE-ID, section 2).
 *
 * @param life how long it lives from `now`, in ms; the caller checks it against {@link LIFETIME}
 */
export function clientTemplate(
  identity: ClientIdentity,
  life: number,
  now: number,
  { ceiling, revocationListUrl }: ClientProfile = {},
): CertificateTemplate {
  return {
    commonName: clientCommonName(identity),
    usages: ['digitalSignature'],
    purposes: ['clientAuth'],
    names: [{ type: 'url', value: spiffeUri(identity.trustDomain, identity.kind, identity.name) }],
    ...(ceiling === undefined ? {} : { ceiling }),
    ...published(revocationListUrl, 'issuing.crl'),
    ...lifetime(life, now),
  }
}

/** A name with a dot in it alone would be held for a host name, and to the constraints on those, by OpenSSL. */
function clientCommonName({ kind, name }: ClientIdentity): string {
  return name.includes('.') ? `${kind}:${name}` : name
}

function published(folder: string | undefined, file: string): Pick<CertificateTemplate, 'revocationList'> {
  return folder === undefined ? {} : { revocationList: `${folder.replace(/\/$/, '')}/${file}` }
}

function lifetime(life: number, now: number): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: now - BACKDATING, notAfter: now + life }
}
