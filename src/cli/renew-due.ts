import { access } from 'node:fs/promises'
import { isSallyportError, SallyportError } from '../errors.ts'
import { authorityFiles, clientFiles, serverFiles, type CertificateFiles } from '../pki/files.ts'
import type { Issuance } from '../pki/issuance.ts'
import { filesAreDue, renewClient, renewServer, serverIsDue } from '../pki/renew.ts'
import { keysIn, resignRevocationLists, type AuthorityKeys, type ListState } from '../pki/resign.ts'
import { issuanceWith, type Issuing } from './issuing.ts'

/** What was renewed. */
export interface Renewals {
  readonly server: boolean
  /** Names of the clients that were renewed. */
  readonly clients: readonly string[]
  /** Why something that was due was not renewed (it is revoked, say): one sentence each. */
  readonly problems: readonly string[]
  readonly revocationLists: { readonly issuing: ListState; readonly root: ListState }
}

/**
 * Keeps a single machine going, where the CA's keys are at hand: renews the server's certificate past half of its life,
 * or revoked, and those of the named clients past two thirds of theirs, and signs revocation lists anew past a third of theirs, or
 * when the ledger knows more than they do. What is not there is passed over; one that may not be renewed is named
 * and does not stop the rest.
 *
 * @param keys asked only for what is due
 * @throws SallyportError what the CA and the audit trail say
 */
export async function renewDue(
  clients: readonly string[],
  where: Issuing,
  keys: AuthorityKeys = keysIn(where.certs, where.passphrase),
): Promise<Renewals> {
  const { certs, now } = where
  const revocationLists = await resignRevocationLists(certs, now, keys)
  const problems: string[] = []
  const orProblem = async (work: () => Promise<boolean>): Promise<boolean> =>
    await work().catch((error: unknown) => {
      if (!isSallyportError(error, 'CERTIFICATE_INVALID')) throw error
      problems.push(error.message)
      return false
    })
  const server = await orProblem(async () => {
    if (!(await exists(serverFiles(certs))) || !(await serverIsDue(certs, now))) return false
    await renewServer(await issuanceOf(where, keys), now)
    return true
  })
  const renewed: string[] = []
  for (const name of clients) {
    const done = await orProblem(async () => {
      const files = clientFiles(certs, name)
      if (!(await exists(files)) || !(await filesAreDue(files, now))) return false
      await renewClient(await issuanceOf(where, keys), name, now)
      return true
    })
    if (done) renewed.push(name)
  }
  return { server, clients: renewed, problems, revocationLists }
}

async function issuanceOf(where: Issuing, keys: AuthorityKeys): Promise<Issuance> {
  const signer = await keys('issuing')
  if (signer === undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `${authorityFiles(where.certs).issuingKey} is not here: certificates are renewed where it is`,
    )
  return issuanceWith(signer, where, 'certificate.renewed')
}

async function exists({ certificate }: CertificateFiles): Promise<boolean> {
  return await access(certificate).then(
    () => true,
    () => false,
  )
}
