import type { Policy } from '../access/decision.ts'
import type { AuthContext, AuthMethod, CertificateProof, Proofs } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
import type { OwnAuthority } from './own-authority.ts'

/** What is said of a caller that nobody has seen; whatever is not said is assumed. */
export interface Supposition {
  readonly methods?: readonly [AuthMethod, ...AuthMethod[]] | undefined
  /** How long ago it was proved, in ms. */
  readonly age?: number | undefined
  /** How long ago a second factor was proved, in ms; null for never. */
  readonly mfaAge?: number | null | undefined
  readonly address?: string | undefined
  readonly uri?: string | undefined
  readonly issuer?: string | undefined
  /** What the credential allows at most. */
  readonly only?: readonly string[] | undefined
}

/** What can be assumed of a caller. */
export type Assumption = 'methods' | 'age' | 'mfa' | 'address' | 'certificate'

/** A caller as the server would see it, and what of that was assumed. */
export interface SupposedCaller {
  readonly proofs: Proofs
  readonly assumed: ReadonlySet<Assumption>
}

/**
 * Makes up a caller. What is assumed is what is usual: people come by a session whose second factor was proved with the
 * password, services and agents by a certificate of our own CA, all of them just now, and from nowhere: a condition on
 * the address cannot be evaluated then.
 *
 * @param now ms since the epoch
 */
export function supposedCaller(
  principal: Principal,
  supposition: Supposition,
  authority: OwnAuthority,
  now: number,
): SupposedCaller {
  const { methods = [principal.kind === 'user' ? 'session' : 'certificate'], age = 0, only } = supposition
  const isPerson = principal.kind === 'user' && methods.includes('session')
  const { mfaAge = isPerson ? age : null, address, uri, issuer } = supposition
  const certificate = methods.includes('certificate')
    ? certificateOf(principal, uri, issuer, authority)
    : undefined
  const assumed: readonly (Assumption | false)[] = [
    supposition.methods === undefined && 'methods',
    supposition.age === undefined && 'age',
    supposition.mfaAge === undefined && 'mfa',
    address === undefined && 'address',
    (uri === undefined || issuer === undefined) && 'certificate',
  ]
  return {
    proofs: {
      principal,
      methods,
      authenticatedAt: now - age,
      ...(mfaAge === null ? {} : { mfaAt: now - mfaAge }),
      ...(address === undefined ? {} : { address }),
      ...(certificate === undefined ? {} : { certificate }),
      ceilings: only === undefined ? [] : [only],
    },
    assumed: new Set(assumed.filter((one) => one !== false)),
  }
}

/** Proofs as the context of a request that was let in by this policy at this moment. */
export function contextOf(proofs: Proofs, policy: Policy, now: number): AuthContext {
  const { roles, permissions } = policy.rightsOf(proofs, now)
  return Object.freeze({ ...proofs, roles, permissions, credential: 'sha256:', expiresAt: Infinity })
}

function certificateOf(
  { kind, name }: Principal,
  uri: string | undefined,
  issuer: string | undefined,
  authority: OwnAuthority,
): CertificateProof {
  // Those of other trust domains are called as their own CA sees fit.
  const own = name.includes('/') ? null : `spiffe://${authority.trustDomain}/${kind}/${name}`
  return { uri: uri ?? own, issuer: issuer ?? authority.name }
}
