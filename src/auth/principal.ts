/** What kind of caller a principal is; the first path segment of its SPIFFE URI. */
export type PrincipalKind = 'service' | 'agent' | 'user'

/** Who a caller is. Complete or absent, never half filled. */
export interface Principal {
  readonly kind: PrincipalKind
  /** A stable name, matching {@link PRINCIPAL_NAME}. */
  readonly name: string
  /** `kind:name`, as written in policy, commands and audit. */
  readonly id: string
}

const OWN = '[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?'
const DOMAIN = '[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9])?'
/** One step of a path; `.` and `..` are none. Nothing that a URI, a shell or a log would read as more than a letter. */
const SEGMENT = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~+=@-]+'

/** What a principal of our own trust domain may be called: safe in files, URIs, keys and logs. Never has a "/". */
export const OWN_NAME: RegExp = new RegExp(`^${OWN}$`)

/**
 * What any principal may be called: one of ours as {@link OWN_NAME} says, one of another trust domain that domain, a
 * "/", and what it is called there (`corp.example/ns/prod/billing`). At most 255 characters.
 */
export const PRINCIPAL_NAME: RegExp = new RegExp(`^(?=.{1,255}$)(?:${OWN}|${DOMAIN}(?:/${SEGMENT})+)$`)

/** What a trust domain may be called. Never has a "/": what is behind one is of that domain. */
export const TRUST_DOMAIN: RegExp = new RegExp(`^${DOMAIN}$`)

const KINDS: readonly string[] = ['service', 'agent', 'user'] satisfies PrincipalKind[]

/** Whether `value` names a kind of principal. */
export function isPrincipalKind(value: string): value is PrincipalKind {
  return KINDS.includes(value)
}

/**
 * Makes the principal of a kind and a name.
 *
 * Fails closed: a name that does not match {@link PRINCIPAL_NAME} gives `undefined`, never a repaired name.
 */
export function principalOf(kind: PrincipalKind, name: string): Principal | undefined {
  return PRINCIPAL_NAME.test(name) ? Object.freeze({ kind, name, id: `${kind}:${name}` }) : undefined
}

/** As {@link principalOf}, of our own trust domain: a name with a "/" gives `undefined`. */
export function ownPrincipalOf(kind: PrincipalKind, name: string): Principal | undefined {
  return OWN_NAME.test(name) ? principalOf(kind, name) : undefined
}

/** As {@link principalOf}, of another trust domain: `value` is what it is called there. */
export function foreignPrincipalOf(
  kind: PrincipalKind,
  trustDomain: string,
  value: string,
): Principal | undefined {
  return principalOf(kind, `${trustDomain}/${value}`)
}

/** Reads `kind:name`, as written in policy and commands; `undefined` if it is not one. */
export function parsePrincipal(id: string): Principal | undefined {
  const colon = id.indexOf(':')
  const kind = id.slice(0, Math.max(colon, 0))
  return isPrincipalKind(kind) ? principalOf(kind, id.slice(colon + 1)) : undefined
}
