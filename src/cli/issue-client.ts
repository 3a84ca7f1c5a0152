import { lstat, readFile, rm } from 'node:fs/promises'
import { addGrant } from '../access/add-grant.ts'
import { grantsOf, parseAccessDocument } from '../access/document.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { openAuthority } from '../pki/authority.ts'
import { clientFiles, type CertificateFiles } from '../pki/files.ts'
import { issueClient, type IssuedPair } from '../pki/issue.ts'
import { assertClientName, spiffeUri, type PrincipalKind } from '../pki/name.ts'
import { LIFETIME } from '../pki/profile.ts'
import { release } from '../pki/release.ts'
import { updateAccessFile } from './access-file.ts'
import { recordIssued, type Issuing } from './issuing.ts'

/** Whom to issue a certificate to. */
export interface ClientRequest {
  readonly name: string
  readonly kind: PrincipalKind
  /** Roles to grant; none leaves the access policy as it is. */
  readonly roles: readonly string[]
  /** How long the certificate lives, in ms. */
  readonly life: number
  /** Whether the name may have grants already, and so inherits them. */
  readonly existing: boolean
}

/** Where clients are issued: also the policy that is granted in, and the domain of their names. */
export interface ClientIssuing extends Issuing {
  /** Path of `access.yaml`. */
  readonly access: string
  readonly trustDomain: string
}

/** What was issued to a client. */
export interface ClientIssued {
  /** As in `service:billing`. */
  readonly principal: string
  readonly uri: string
  readonly files: CertificateFiles
  readonly issued: IssuedPair
}

/**
 * Issues a client's certificate with a new key, grants the roles, and puts both on record.
 *
 * All or nothing: what can be refused is refused before anything is signed; the ledger and the audit trail come before
 * the files; and if the grant cannot be written, the files go again. Of two for one name exactly one succeeds.
 *
 * @throws SallyportError `NAME_INVALID`, `NAME_TAKEN` (has grants), `FILE_EXISTS` (has a certificate), `NOT_FOUND` (a
 *   role, the policy, the CA), `CERTIFICATE_INVALID` (length of life), and what the CA, the trail and the policy say
 */
export async function issueClientCertificate(
  request: ClientRequest,
  where: ClientIssuing,
): Promise<ClientIssued> {
  assertClientName(request.name)
  assertLife(request.life)
  const files = clientFiles(where.certs, request.name)
  await assertFree(files.directory)
  const principal = `${request.kind}:${request.name}`
  const grant = (text: string): string => granted(text, principal, request, where.access)
  grant(await readPolicy(where.access))
  const issuer = await openAuthority(where.certs, where.now)
  const issued = await issueClient(
    issuer,
    { ...request, trustDomain: where.trustDomain },
    request.life,
    where.now,
  )
  await recordIssued(where.audit, principal, issued)
  await releaseNew(where.certs, files, issued)
  await orWithdraw(files.directory, async () => await updateAccessFile(where.access, grant))
  return { principal, uri: spiffeUri(where.trustDomain, request.kind, request.name), files, issued }
}

function assertLife(life: number): void {
  if (life >= LIFETIME.shortestClient && life <= LIFETIME.longestClient) return
  throw new SallyportError('CERTIFICATE_INVALID', 'a client certificate lives between one minute and 90 days')
}

/** The policy with the grant in it. Refuses what must not be granted; writes nothing. */
function granted(text: string, principal: string, request: ClientRequest, file: string): string {
  const had = grantsOf(parseAccessDocument(text, file), principal).flatMap(({ roles }) => roles)
  if (had.length > 0 && !request.existing)
    throw new SallyportError(
      'NAME_TAKEN',
      `${principal} still has grants in ${file} (${[...new Set(had)].join(', ')}), which a new certificate would ` +
        'inherit: choose another name, take the grants away, or say --existing if it is the same client',
    )
  return addGrant(text, principal, request.roles)
}

async function readPolicy(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('NOT_FOUND', `${path} cannot be read: "npx sallyport init" makes it`, { cause })
  })
}

async function assertFree(directory: string): Promise<void> {
  const found = await lstat(directory).catch(() => undefined)
  if (found !== undefined) throw taken(directory)
}

async function releaseNew(certs: string, files: CertificateFiles, issued: IssuedPair): Promise<void> {
  await release(certs, files, issued).catch((cause: unknown) => {
    throw isSallyportError(cause, 'FILE_EXISTS') ? taken(files.directory) : cause
  })
}

function taken(directory: string): SallyportError {
  return new SallyportError(
    'FILE_EXISTS',
    `${directory} exists already: choose another name, or remove that directory and say --existing to renew it`,
  )
}

/** Takes a certificate back that was released, if what must come with it fails. */
async function orWithdraw(directory: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}
