import { principalOf, stateOf, type CertificateState, type LedgerCertificate } from '../pki/ledger-state.ts'

/** A certificate for people and for `--json`: what it is called, what it may do, how long it is good. */
export interface CertificateRow {
  readonly name: string
  readonly kind: string
  readonly principal: string
  readonly roles: readonly string[]
  /** What it is cut down to; null where it may do all that its roles allow. */
  readonly ceiling: readonly string[] | null
  readonly serial: string
  readonly state: CertificateState
  readonly issuedAt: string
  readonly expiresAt: string
}

/** @param rolesOf the roles of a principal by the access policy */
export function certificateRow(
  certificate: LedgerCertificate,
  rolesOf: (principal: string) => readonly string[],
  now: number,
): CertificateRow {
  const { serial, kind, issuedAt, notAfter, ceiling = null } = certificate
  const principal = principalOf(certificate)
  const [caller = kind, name = kind] = principal.split(':')
  return {
    name,
    kind: caller,
    principal,
    roles: kind === 'client' ? rolesOf(principal) : [],
    ceiling,
    serial,
    state: stateOf(certificate, now),
    issuedAt: new Date(issuedAt).toISOString(),
    expiresAt: new Date(notAfter).toISOString(),
  }
}

const UNITS = [
  { name: 'd', length: 86_400_000 },
  { name: 'h', length: 3_600_000 },
  { name: 'm', length: 60_000 },
] as const

/** How far away a moment is, in one or two units: `29d 4h`, `12m`, `8h 3m ago`. Rounded towards now. */
export function distance(at: number, now: number): string {
  let rest = Math.abs(at - now)
  const parts: string[] = []
  for (const { name, length } of UNITS) {
    const whole = Math.floor(rest / length)
    rest -= whole * length
    if (whole > 0 || parts.length > 0) parts.push(`${whole}${name}`)
  }
  const words = parts.length === 0 ? 'less than 1m' : parts.slice(0, 2).join(' ')
  return at < now ? `${words} ago` : words
}
