import { SallyportError } from '../errors.ts'

/** What kind of caller a client certificate is for; the first path segment of its URI. */
export type PrincipalKind = 'service' | 'agent' | 'user'

/** The kinds, in the order in which people are told them. */
export const PRINCIPAL_KINDS: readonly PrincipalKind[] = ['service', 'agent', 'user']

/** Longest name of a client, in characters; also the longest common name (RFC 5280, appendix A.1). */
const LONGEST_NAME = 64

/** What a client may be called: safe in files, URIs, keys and logs. */
export const CLIENT_NAME: RegExp = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/

/** What a trust domain may be called (SPIFFE-ID, section 2.1). */
const TRUST_DOMAIN = /^[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9])?$/

/** Whether `value` names a kind of principal. */
function isPrincipalKind(value: string): value is PrincipalKind {
  return PRINCIPAL_KINDS.some((kind) => kind === value)
}

/** Why a name cannot be a client's, and one that could. */
interface NameProblem {
  readonly problem: string
  readonly proposal: string
}

/** Says what is wrong with a client's name, or `undefined` if nothing is. Never repairs one by itself. */
export function nameProblem(name: string): NameProblem | undefined {
  return CLIENT_NAME.test(name) ? undefined : { problem: problemOf(name), proposal: proposalFor(name) }
}

/**
 * Takes a client's name or refuses it.
 *
 * @throws SallyportError `NAME_INVALID` with what is wrong and a name that would do
 */
export function assertClientName(name: string): void {
  const refusal = nameProblem(name)
  if (refusal === undefined) return
  throw new SallyportError(
    'NAME_INVALID',
    `the name ${shown(name)} ${refusal.problem}; a name is up to ${LONGEST_NAME} of a-z, 0-9, ".", "_" and "-", ` +
      `with a letter or digit at both ends: "${refusal.proposal}" would do`,
  )
}

/**
 * Takes the trust domain of a new CA or refuses it. It becomes a name constraint, which has to be a host name: with an
 * address or an empty label there, Go cannot read the CA's certificate.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if it cannot be the trust domain of a SPIFFE URI
 */
export function assertTrustDomain(trustDomain: string): void {
  if (TRUST_DOMAIN.test(trustDomain) && !/\.\.|^[0-9.]+$/.test(trustDomain)) return
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `the trust domain ${shown(trustDomain)} cannot be one: use a name of up to 255 of a-z, 0-9, ".", "_" and "-", no address, like "sallyport.internal"`,
  )
}

/** The URI that is a client's identity: `spiffe://<trust domain>/<kind>/<name>`. Its parts have been checked before. */
export function spiffeUri(trustDomain: string, kind: PrincipalKind, name: string): string {
  return `spiffe://${trustDomain}/${kind}/${name}`
}

/** Reads a URI that {@link spiffeUri} made; `undefined` for anything else. */
export function parseSpiffeUri(
  uri: string,
): { readonly trustDomain: string; readonly kind: PrincipalKind; readonly name: string } | undefined {
  const [, trustDomain = '', kind = '', name = ''] = /^spiffe:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri) ?? []
  if (!TRUST_DOMAIN.test(trustDomain) || !isPrincipalKind(kind) || !CLIENT_NAME.test(name)) return undefined
  return { trustDomain, kind, name }
}

/** The first thing that is wrong, in the order in which a person would want to hear it. */
function problemOf(name: string): string {
  if (name === '') return 'is empty'
  if (/\p{Cc}/u.test(name)) return 'has a control character'
  if (/[/\\]/.test(name)) return 'has a path separator'
  if (name.length > LONGEST_NAME) return `is ${name.length} characters long`
  if (/[A-Z]/.test(name)) return 'has a capital letter'
  if (/\s/u.test(name)) return 'has a space'
  const other = /[^a-z0-9._-]/u.exec(name)
  if (other !== null) return `has the character ${shown(other[0])}`
  return 'begins or ends with ".", "_" or "-"'
}

/** The nearest name that is allowed; always one. */
function proposalFor(name: string): string {
  const plain = name
    .slice(0, 4 * LONGEST_NAME)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
  return trimmed(trimmed(plain).slice(0, LONGEST_NAME)) || 'my-client'
}

/** Without ".", "_" and "-" at its ends. */
function trimmed(text: string): string {
  return text.replace(/^[._-]+/, '').replace(/[._-]+$/, '')
}

/** Quoted, short, and with nothing in it that could drive a terminal. */
function shown(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return JSON.stringify(short).replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
