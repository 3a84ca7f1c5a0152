import { access } from 'node:fs/promises'
import { isSallyportError } from '../errors.ts'
import { clientFiles, serverFiles, type CertificateFiles } from '../pki/files.ts'
import { parseSpiffeUri } from '../pki/name.ts'
import { filesAreDue, renewClient, renewServer, RENEWAL_SHARE } from '../pki/renew.ts'
import { resignRevocationLists, type ListState } from '../pki/resign.ts'
import { recordIssued, type Issuing } from './issuing.ts'

/** What was renewed. */
export interface Renewals {
  readonly server: boolean
  /** Names of the clients that were renewed. */
  readonly clients: readonly string[]
  /** Why a client that was due was not renewed (it is revoked, say): one sentence each. */
  readonly problems: readonly string[]
  readonly revocationLists: { readonly issuing: ListState; readonly root: ListState }
}

/**
 * Keeps a single machine going, where the CA's keys are at hand: renews the server's certificate and those of the named
 * clients past two thirds of their life, and signs revocation lists anew past a third of theirs. What is not there
 * is passed over; a client that may not be renewed is named and does not stop the rest.
 *
 * @throws SallyportError what the CA and the audit trail say
 */
export async function renewDue(clients: readonly string[], where: Issuing): Promise<Renewals> {
  const revocationLists = await resignRevocationLists(where.certs, where.now)
  const server = await renewServerIfDue(where)
  const renewed: string[] = []
  const problems: string[] = []
  for (const name of clients)
    try {
      if (await renewClientIfDue(name, where)) renewed.push(name)
    } catch (error) {
      if (!isSallyportError(error, 'CERTIFICATE_INVALID')) throw error
      problems.push(error.message)
    }
  return { server, clients: renewed, problems, revocationLists }
}

async function renewServerIfDue({ certs, audit, now }: Issuing): Promise<boolean> {
  if (!(await isDue(serverFiles(certs), now, RENEWAL_SHARE.server))) return false
  await renewServer(certs, now, async (issued) => await recordIssued(audit, 'server', issued))
  return true
}

async function renewClientIfDue(name: string, { certs, audit, now }: Issuing): Promise<boolean> {
  if (!(await isDue(clientFiles(certs, name), now))) return false
  await renewClient(certs, name, now, async (issued) => {
    const identity = parseSpiffeUri(issued.entry.names[0] ?? '')
    await recordIssued(audit, `${identity?.kind ?? 'service'}:${name}`, issued)
  })
  return true
}

async function isDue(files: CertificateFiles, now: number, share?: number): Promise<boolean> {
  const exists = await access(files.certificate).then(
    () => true,
    () => false,
  )
  return exists && (await filesAreDue(files, now, share))
}
