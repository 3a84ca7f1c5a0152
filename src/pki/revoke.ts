import { createHash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { readCertificate } from './authority.ts'
import { authorityFiles } from './files.ts'
import { withLedger } from './ledger.ts'
import { principalOf, withDescendants, type LedgerCertificate, type LedgerState } from './ledger-state.ts'
import { parseSpiffeUri } from './name.ts'
import { keysIn, signDueLists, type AuthorityKeys, type ListState } from './resign.ts'
import type { RevocationReason } from './revocation-reason.ts'

/** Which certificates: one and what renewed it, all of a client's name, or all of a principal (`service:billing`). */
export type Selection =
  | { readonly serial: string }
  | { readonly name: string }
  | { readonly principal: string }

/** What to revoke, why, and who says so. */
export interface Revocation {
  readonly selection: Selection
  readonly reason: RevocationReason
  /** For people. */
  readonly by: string
}

/** One certificate that is revoked, as the live list of the store takes it. */
export interface Revoked {
  /** Lower-case hex SHA-256 of the issuing CA's public key (DER, SubjectPublicKeyInfo). */
  readonly issuer: string
  /** Upper-case hex, as node:crypto prints it. */
  readonly serial: string
  /** When the certificate ends by itself, in ms since the epoch. */
  readonly until: number
  /** As in `service:billing`. */
  readonly principal: string
}

/** What became of a revocation. It is in the ledger in any case. */
export interface RevocationResult {
  /** All that are selected and have not expired, also those that were revoked before. */
  readonly certificates: readonly Revoked[]
  /** The issuing CA's list: has them all, or must be signed where the key is, or could not be signed for a problem. */
  readonly list: Exclude<ListState, 'signed'> | { readonly problem: string }
}

/**
 * Revokes certificates and all that renewed them: in the ledger, then on the issuing CA's list; for a name or a principal
 * its open enrolment tokens, too. The ledger is the truth: once it is there, the next signing puts it on the list, whatever happens in between.
 *
 * Telling the live list of the store is the caller's part; also with what was revoked before, so that doing it again
 * repairs what a store has missed.
 *
 * @throws SallyportError `NOT_FOUND` if nothing that is valid is selected, `NAME_INVALID` for a name of several
 *   principals; and what the ledger says. Then nothing is revoked
 */
export async function revoke(
  certs: string,
  { selection, reason, by }: Revocation,
  now: number,
  keys: AuthorityKeys = keysIn(certs),
): Promise<RevocationResult> {
  const files = authorityFiles(certs)
  const issuer = keyDigest(await readCertificate(files.issuing))
  return await withLedger(files.ledger, async (ledger) => {
    // Who holds a token for a principal that is revoked would have a certificate of it again.
    const tokens = openTokens(ledger.state(), selection, now)
    const meant =
      tokens.length > 0 ? matching(ledger.state(), selection) : selected(ledger.state(), selection)
    const found = withDescendants(ledger.state(), meant).filter(({ notAfter }) => now < notAfter)
    if (found.length === 0 && tokens.length === 0)
      throw new SallyportError(
        'NOT_FOUND',
        `${shown(selection)}: all of it has expired already, if the clock is right (${new Date(now).toISOString()})`,
      )
    const fresh = found.filter(({ revoked }) => revoked === undefined)
    if (fresh.length > 0 || tokens.length > 0)
      await ledger.append({
        v: 2,
        event: 'revoked',
        at: new Date(now).toISOString(),
        serials: fresh.map(({ serial }) => serial),
        ...(tokens.length === 0 ? {} : { tokens }),
        reason,
        by,
      })
    const list = await signDueLists(certs, ledger, now, keys).then(
      ({ issuing }) => (issuing === 'no-key' ? issuing : 'fresh'),
      (error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }),
    )
    const certificates = found.map((certificate) => ({
      issuer,
      serial: certificate.serial,
      until: certificate.notAfter,
      principal: principalOf(certificate),
    }))
    return { certificates, list }
  })
}

/**
 * The certificates that a selection means, whatever they are worth.
 *
 * @throws SallyportError `NOT_FOUND`, `NAME_INVALID` for a name of several principals
 */
export function selected(state: LedgerState, selection: Selection): readonly LedgerCertificate[] {
  const found = matching(state, selection)
  if (found.length > 0) return found
  throw new SallyportError(
    'NOT_FOUND',
    `${shown(selection)}: the ledger knows no such certificate; "npx sallyport cert list --all" shows them`,
  )
}

function matching(state: LedgerState, selection: Selection): readonly LedgerCertificate[] {
  const issued = [...state.certificates.values()].filter(({ kind }) => kind === 'server' || kind === 'client')
  const found = issued.filter((certificate) => isMeant(certificate, selection))
  const principals = [...new Set(found.map(principalOf))]
  if (principals.length <= 1) return found
  throw new SallyportError(
    'NAME_INVALID',
    `${shown(selection)} is the name of ${principals.join(' and ')}: say which with --principal`,
  )
}

function isMeant(certificate: LedgerCertificate, selection: Selection): boolean {
  if ('serial' in selection) return certificate.serial === selection.serial.toUpperCase()
  if ('principal' in selection) return principalOf(certificate) === selection.principal
  return certificate.kind === 'client' && parseSpiffeUri(certificate.names[0] ?? '')?.name === selection.name
}

function openTokens({ tokens }: LedgerState, selection: Selection, now: number): readonly string[] {
  return [...tokens.values()]
    .filter(({ uri, spent, expires }) => !spent && now < expires && isFor(uri, selection))
    .map(({ digest }) => digest)
}

function isFor(uri: string, selection: Selection): boolean {
  if ('serial' in selection) return false
  const names = principalOf({ kind: 'client', names: [uri] })
  return 'principal' in selection
    ? names === selection.principal
    : parseSpiffeUri(uri)?.name === selection.name
}

function keyDigest({ publicKey }: Awaited<ReturnType<typeof readCertificate>>): string {
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
}

function shown(selection: Selection): string {
  return JSON.stringify(Object.values(selection)[0])
}
