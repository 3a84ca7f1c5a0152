import type { X509Certificate } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import { openSigner, readCertificate } from './authority.ts'
import type { Signer } from './certify.ts'
import type { RevokedSerial } from './crl-content.ts'
import { revocationListTemplate, signRevocationList } from './crl.ts'
import { parseRevocationLists, type RevocationList } from './read-crl.ts'
import type { Passphrase } from './encrypted-key.ts'
import { authorityFiles, replaceFile } from './files.ts'
import { withLedger, type LockedLedger } from './ledger.ts'
import type { LedgerState } from './ledger-state.ts'
import { LIFETIME } from './profile.ts'
import { pemBlocks, pemOf } from './pem.ts'

/** Which of the two CAs. */
export type AuthorityName = 'issuing' | 'root'

/** What became of a CA's revocation list: still good, signed anew, or due while the CA's key is not here. */
export type ListState = 'fresh' | 'signed' | 'no-key'

/** What became of both. */
export type ListStates = Readonly<Record<AuthorityName, ListState>>

/** Opens the key of a CA; `undefined` where it is not here. */
export type AuthorityKeys = (authority: AuthorityName) => Promise<Signer | undefined>

const LIST_LIFE: Readonly<Record<AuthorityName, number>> = {
  issuing: LIFETIME.issuingRevocationList,
  root: LIFETIME.rootRevocationList,
}

/**
 * The keys that are in the files of a certs directory.
 *
 * @param passphrase asked for only when an encrypted key is needed
 */
export function keysIn(certs: string, passphrase?: Passphrase): AuthorityKeys {
  const files = authorityFiles(certs)
  const pairs = { issuing: [files.issuing, files.issuingKey], root: [files.root, files.rootKey] } as const
  return async (authority) => {
    const [certificate, key] = pairs[authority]
    return (await exists(key)) ? await openSigner(certificate, key, passphrase) : undefined
  }
}

/**
 * Whether a third of a revocation list's life is over, or all of it.
 *
 * @param now ms since the epoch
 */
export function isDueForSigning(list: RevocationList, now: number): boolean {
  return now >= list.thisUpdate + (list.nextUpdate - list.thisUpdate) / 3
}

/**
 * Signs the revocation lists of a certs directory anew where a third of their life is over, or where the ledger knows
 * a revocation that is not on them: with the next number. What is not due, or has no key here, stays as it is.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` if `crl.pem` is not the lists of both CAs or the ledger is damaged,
 *   `NOT_FOUND` without one of them
 */
export async function resignRevocationLists(
  certs: string,
  now: number,
  keys: AuthorityKeys = keysIn(certs),
): Promise<ListStates> {
  const { ledger } = authorityFiles(certs)
  return await withLedger(ledger, async (locked) => await signDueLists(certs, locked, now, keys))
}

/**
 * As {@link resignRevocationLists}, for one who holds the ledger.
 *
 * A number is in the ledger before a list has it, so that none is ever signed twice, whatever becomes of `crl.pem`.
 */
export async function signDueLists(
  certs: string,
  ledger: LockedLedger,
  now: number,
  keys: AuthorityKeys,
): Promise<ListStates> {
  const files = authorityFiles(certs)
  const lists = await readLists(certs)
  const signed = async (authority: AuthorityName): Promise<{ state: ListState; pem: string }> => {
    const { list, pem } = lists[authority]
    const entries = entriesFor(authority, list, ledger.state(), now)
    if (!isDueForSigning(list, now) && entries.every(({ serial }) => list.revoked.has(serial)))
      return { state: 'fresh', pem }
    const signer = await keys(authority)
    if (signer === undefined) return { state: 'no-key', pem }
    const number = nextNumber(list.number, ledger.state().listNumbers[authority])
    await ledger.append({
      v: 2,
      event: 'list',
      at: new Date(now).toISOString(),
      authority,
      number: String(number),
    })
    const template = revocationListTemplate(number, entries, LIST_LIFE[authority], now)
    return { state: 'signed', pem: await signRevocationList(template, signer) }
  }
  const issuing = await signed('issuing')
  const root = await signed('root')
  if (issuing.state === 'signed' || root.state === 'signed')
    await replaceFile(files.revocationLists, { content: issuing.pem + root.pem, secret: false })
  return { issuing: issuing.state, root: root.state }
}

/** A list that was read, and its PEM block. */
export interface ReadList {
  readonly list: RevocationList
  readonly pem: string
}

/**
 * The revocation lists of a certs directory, each verified.
 *
 * @throws SallyportError `NOT_FOUND`, or `CERTIFICATE_INVALID` if they are not the lists of both CAs
 */
export async function readLists(certs: string): Promise<Readonly<Record<AuthorityName, ReadList>>> {
  const files = authorityFiles(certs)
  const pem = await readFile(files.revocationLists, 'utf8').catch((cause: unknown) => {
    throw new SallyportError(
      'NOT_FOUND',
      `${files.revocationLists} cannot be read: put it back from a copy`,
      {
        cause,
      },
    )
  })
  const authorities = {
    issuing: await readCertificate(files.issuing),
    root: await readCertificate(files.root),
  }
  const lists = await parseRevocationLists(pem, Object.values(authorities))
  const blocks = pemBlocks(pem)
  const of = (authority: X509Certificate, certificate: string): ReadList => {
    const index = lists.findIndex(({ issuer }) => issuer === authority)
    const [list, block] = [lists[index], blocks[index]]
    if (list !== undefined && block !== undefined) return { list, pem: pemOf(block.label, block.der) }
    throw new SallyportError('CERTIFICATE_INVALID', `${files.revocationLists} has no list of ${certificate}`)
  }
  return { issuing: of(authorities.issuing, files.issuing), root: of(authorities.root, files.root) }
}

/**
 * What the next list says: what the ledger says, and what is on the list already. An entry goes once a list that came
 * after the end of its certificate had it (RFC 5280, 3.3); one that the ledger does not know never goes.
 */
function entriesFor(
  authority: AuthorityName,
  list: RevocationList,
  { certificates }: LedgerState,
  now: number,
): readonly RevokedSerial[] {
  const kept = list.entries.filter(
    ({ serial }) => !((certificates.get(serial)?.notAfter ?? Infinity) < list.thisUpdate),
  )
  const issued = authority === 'issuing' ? [...certificates.values()] : []
  const known = issued.flatMap(({ serial, notAfter, revoked }) =>
    revoked !== undefined && notAfter >= now ? [{ serial, at: revoked.at, reason: revoked.reason }] : [],
  )
  return [...new Map([...kept, ...known].map((entry) => [entry.serial, entry])).values()]
}

function nextNumber(listed: bigint, taken: bigint): bigint {
  return (listed > taken ? listed : taken) + 1n
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
