import type {
  IssuedKind,
  LedgerEntry,
  LedgerEvent,
  LedgerList,
  LedgerRevocation,
  LedgerToken,
} from './ledger-event.ts'
import { parseSpiffeUri } from './name.ts'
import type { RevocationReason } from './revocation-reason.ts'

/** A certificate as the ledger knows it. Times in ms since the epoch. */
export interface LedgerCertificate {
  readonly serial: string
  readonly kind: IssuedKind
  readonly names: readonly string[]
  readonly thumbprint: string
  readonly issuedAt: number
  readonly notAfter: number
  /** Serial of the first certificate of its line. */
  readonly lineage: string
  readonly lineageStartedAt: number
  readonly parent?: string
  readonly ceiling?: readonly string[]
  readonly revoked?: { readonly at: number; readonly reason: RevocationReason; readonly by: string }
}

/** An enrolment token as the ledger knows it. */
export interface OfferedToken {
  readonly digest: string
  readonly uri: string
  /** Of the certificate, in ms. */
  readonly life: number
  readonly ceiling?: readonly string[]
  /** Ms since the epoch. */
  readonly expires: number
  /** Used up, or withdrawn. */
  readonly spent: boolean
}

/** Everything that a ledger says, as of its last line. */
export interface LedgerState {
  /** By serial, in the order of issue. */
  readonly certificates: ReadonlyMap<string, LedgerCertificate>
  /** By digest. */
  readonly tokens: ReadonlyMap<string, OfferedToken>
  /** The highest number that was taken for a revocation list; 0 before the first. */
  readonly listNumbers: Readonly<Record<'issuing' | 'root', bigint>>
}

/** What a certificate is worth by the ledger alone. */
export type CertificateState = 'valid' | 'expired' | 'revoked'

const EMPTY: LedgerState = {
  certificates: new Map(),
  tokens: new Map(),
  listNumbers: { issuing: 0n, root: 0n },
}

type Withdrawal = NonNullable<LedgerCertificate['revoked']>

/**
 * The state after events, on top of an earlier one.
 *
 * Fails closed: what is revoked or used up once stays so, wherever its line stands, and though a line is there twice;
 * people put lines back from copies.
 */
export function foldLedger(events: Iterable<LedgerEvent>, before: LedgerState = EMPTY): LedgerState {
  const certificates = new Map(before.certificates)
  const tokens = new Map(before.tokens)
  const listNumbers = { ...before.listNumbers }
  const revocations = new Map<string, Withdrawal>()
  const spent = new Set<string>()
  const issued = (entry: LedgerEntry): void => {
    const known = certificates.get(entry.serial)?.revoked
    certificates.set(entry.serial, {
      ...certificateOf(entry),
      ...(known === undefined ? {} : { revoked: known }),
    })
    if (entry.token !== undefined) spent.add(entry.token)
  }
  const revoked = ({ serials, tokens: withdrawn = [], at, reason, by }: LedgerRevocation): void => {
    for (const digest of withdrawn) spent.add(digest)
    for (const serial of serials)
      // The first revocation stands.
      if (!revocations.has(serial)) revocations.set(serial, { at: Date.parse(at), reason, by })
  }
  const offered = (event: LedgerToken): void => {
    if (tokens.get(event.digest)?.spent === true) spent.add(event.digest)
    tokens.set(event.digest, tokenOf(event))
  }
  const listed = ({ authority, number }: LedgerList): void => {
    if (BigInt(number) > listNumbers[authority]) listNumbers[authority] = BigInt(number)
  }
  for (const event of events)
    switch (event.event) {
      case 'issued':
        issued(event)
        break
      case 'revoked':
        revoked(event)
        break
      case 'token':
        offered(event)
        break
      case 'list':
        listed(event)
    }
  for (const [serial, revocation] of revocations) {
    const certificate = certificates.get(serial)
    if (certificate !== undefined) certificates.set(serial, { revoked: revocation, ...certificate })
  }
  for (const digest of spent) {
    const token = tokens.get(digest)
    if (token !== undefined) tokens.set(digest, { ...token, spent: true })
  }
  return { certificates, tokens, listNumbers }
}

/** What a certificate is worth at `now`, in ms since the epoch. Revoked stays revoked after its end. */
export function stateOf({ revoked, notAfter }: LedgerCertificate, now: number): CertificateState {
  if (revoked !== undefined) return 'revoked'
  return now < notAfter ? 'valid' : 'expired'
}

/** Whom a certificate is for, as people write it: `service:billing`, or its kind where it is no client's. */
export function principalOf({ kind, names }: Pick<LedgerCertificate, 'kind' | 'names'>): string {
  const identity = kind === 'client' ? parseSpiffeUri(names[0] ?? '') : undefined
  return identity === undefined ? kind : `${identity.kind}:${identity.name}`
}

/** Certificates and all that renewed them, and what renewed that, and so on. */
export function withDescendants(
  { certificates }: LedgerState,
  first: readonly LedgerCertificate[],
): readonly LedgerCertificate[] {
  const found = new Set(first.map(({ serial }) => serial))
  // A child comes after its parent, so that one pass finds all; unless a line was put back elsewhere.
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const { serial, parent } of certificates.values())
      if (parent !== undefined && found.has(parent)) found.add(serial)
  }
  return [...certificates.values()].filter(({ serial }) => found.has(serial))
}

function certificateOf(entry: LedgerEntry): LedgerCertificate {
  const { serial, kind, names, thumbprint, lineage, parent, ceiling } = entry
  return {
    serial,
    kind,
    names,
    thumbprint,
    issuedAt: Date.parse(entry.at),
    notAfter: Date.parse(entry.notAfter),
    lineage,
    lineageStartedAt: Date.parse(entry.lineageStartedAt),
    ...(parent === undefined ? {} : { parent }),
    ...(ceiling === undefined ? {} : { ceiling }),
  }
}

function tokenOf({ digest, uri, life, ceiling, expires }: LedgerToken): OfferedToken {
  return {
    digest,
    uri,
    life,
    ...(ceiling === undefined ? {} : { ceiling }),
    expires: Date.parse(expires),
    spent: false,
  }
}
