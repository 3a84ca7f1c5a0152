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

/** What a principal may be called: safe in files, URIs, keys and logs. */
export const PRINCIPAL_NAME: RegExp = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/

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

/** Reads `kind:name`, as written in policy and commands; `undefined` if it is not one. */
export function parsePrincipal(id: string): Principal | undefined {
  const colon = id.indexOf(':')
  const kind = id.slice(0, Math.max(colon, 0))
  return isPrincipalKind(kind) ? principalOf(kind, id.slice(colon + 1)) : undefined
}
