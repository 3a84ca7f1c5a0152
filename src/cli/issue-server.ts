import { lstat } from 'node:fs/promises'
import { isSallyportError, SallyportError } from '../errors.ts'
import { openAuthority } from '../pki/authority.ts'
import { serverFiles, type CertificateFiles } from '../pki/files.ts'
import { issueServer, type IssuedPair } from '../pki/issue.ts'
import type { KeyType } from '../pki/key.ts'
import { release, releaseOver } from '../pki/release.ts'
import { firstForbidden } from '../pki/name-constraints.ts'
import { serverNames } from '../pki/server-names.ts'
import { recordIssued, type Issuing } from './issuing.ts'

/** What the server's certificate is for. */
export interface ServerRequest {
  /** Host names and addresses under which clients reach it. */
  readonly names: readonly string[]
  /** More of them, for which nobody asked: those that the CA may not certify are left out. */
  readonly defaults: readonly string[]
  /** The kind of its key; P-256 unless given. */
  readonly keyType?: KeyType
  /** Whether the certificate that is there may be replaced. */
  readonly replace: boolean
}

/**
 * Issues the server's certificate with a new key, and puts it on record before it is written.
 *
 * @throws SallyportError `NAME_INVALID` for what is no name, `FILE_EXISTS` unless told to replace, `NOT_FOUND` without
 *   a CA, and what the CA and the trail say
 */
export async function issueServerCertificate(
  request: ServerRequest,
  where: Issuing,
): Promise<{ readonly files: CertificateFiles; readonly issued: IssuedPair }> {
  const [names, defaults] = [serverNames(request.names), serverNames(request.defaults)]
  const files = serverFiles(where.certs)
  const exists = (await lstat(files.directory).catch(() => undefined)) !== undefined
  if (exists && !request.replace) throw taken(files.directory)
  const issuer = await openAuthority(where.certs, where.now, where.passphrase)
  const permitted = defaults.filter((name) => firstForbidden(issuer.certificate, [name]) === undefined)
  const subjects = serverNames([...permitted, ...names].map(({ value }) => value))
  const issued = await issueServer(issuer, subjects, where.now, { ...where, ...request })
  await recordIssued(where.audit, 'server', issued)
  await (exists ? releaseOver(where.certs, files, issued) : releaseNew(where.certs, files, issued))
  return { files, issued }
}

async function releaseNew(certs: string, files: CertificateFiles, issued: IssuedPair): Promise<void> {
  await release(certs, files, issued).catch((cause: unknown) => {
    throw isSallyportError(cause, 'FILE_EXISTS') ? taken(files.directory) : cause
  })
}

function taken(directory: string): SallyportError {
  return new SallyportError(
    'FILE_EXISTS',
    `${directory} exists already: say --replace to make a new certificate there`,
  )
}
