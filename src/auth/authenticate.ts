import type { Authenticator, Evidence, Identified, RefusalReason } from './authenticator.ts'
import type { AuthContext, Proofs, Rights } from './context.ts'

/**
 * What the policy gives to a caller by what it proved, as far as every ceiling lets it; a port that `access` fills.
 *
 * @param now ms since the epoch
 */
export type RightsOf = (proofs: Proofs, now: number) => Rights

/** Either a complete context or the reason why there is none. */
export type Authenticated =
  | { readonly kind: 'context'; readonly context: AuthContext }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/**
 * Asks every authenticator, in order, and makes the one context of this request.
 *
 * Fails closed: the first refusal ends it, whatever else was proved; credentials of different principals are a
 * refusal; so is a person who lacks the second factor that one of his roles asks for, on every door; silence from all
 * is a refusal. Rejects only if an authenticator cannot judge (`STORE_UNAVAILABLE`).
 */
export async function authenticate(
  evidence: Evidence,
  authenticators: readonly Authenticator[],
  rightsOf: RightsOf,
): Promise<Authenticated> {
  const identities: Identified[] = []
  for (const authenticator of authenticators) {
    const outcome = await authenticator(evidence)
    if (outcome.kind === 'refused') return { kind: 'refused', reason: outcome.reason }
    if (outcome.kind === 'identified') identities.push(outcome.identity)
  }
  const [first, ...others] = identities
  if (first === undefined) return { kind: 'refused', reason: 'no_credential' }
  if (others.some((other) => other.principal.id !== first.principal.id))
    return { kind: 'refused', reason: 'credential_conflict' }
  const proofs = proofsOf(first, others, evidence)
  const rights = rightsOf(proofs, evidence.now)
  const context = contextOf(first, others, proofs, rights)
  return lacksSecondFactor(context, rights)
    ? { kind: 'refused', reason: 'second_factor_required' }
    : { kind: 'context', context }
}

/**
 * Whether a role of this principal asks for a second factor, and none was proved. Only a person has one: a certificate
 * alone is one factor, and a service or an agent has no more.
 */
export function lacksSecondFactor(
  { principal, mfaAt }: Pick<AuthContext, 'principal' | 'mfaAt'>,
  { secondFactorRequired }: Pick<Rights, 'secondFactorRequired'>,
): boolean {
  return principal.kind === 'user' && secondFactorRequired && mfaAt === undefined
}

function proofsOf(first: Identified, others: readonly Identified[], { address }: Evidence): Proofs {
  const all = [first, ...others]
  const mfaAt = others.reduce((latest, other) => later(latest, other.mfaAt), first.mfaAt)
  const certificate = all.find((one) => one.certificate !== undefined)?.certificate
  return {
    principal: first.principal,
    methods: Object.freeze([first.method, ...others.map((other) => other.method)] as const),
    authenticatedAt: Math.min(...all.map((one) => one.authenticatedAt)),
    ...(mfaAt === undefined ? {} : { mfaAt }),
    ...(all.some(({ via }) => via !== undefined) ? {} : { address }),
    ...(certificate === undefined ? {} : { certificate }),
    // A session beside a certificate adds no right that the certificate may not use.
    ceilings: Object.freeze(all.flatMap(({ ceiling }) => (ceiling === undefined ? [] : [ceiling]))),
  }
}

function contextOf(
  first: Identified,
  others: readonly Identified[],
  proofs: Proofs,
  rights: Rights,
): AuthContext {
  const session = [first, ...others].find(({ method }) => method === 'session')?.credential
  return Object.freeze({
    ...proofs,
    roles: rights.roles,
    permissions: rights.permissions,
    credential: first.credential,
    ...(session === undefined ? {} : { session }),
    expiresAt: Math.min(first.expiresAt, ...others.map((other) => other.expiresAt)),
    ...(first.via === undefined ? {} : { via: first.via }),
  })
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
}
