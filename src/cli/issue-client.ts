import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSallyportError, SallyportError } from '../errors.ts'
import { openAuthority } from '../pki/authority.ts'
import { clientFiles, type CertificateFiles, type FileContent } from '../pki/files.ts'
import { issueClient } from '../pki/issue.ts'
import type { Key, KeyType } from '../pki/key.ts'
import { assertClientName, spiffeUri, type PrincipalKind } from '../pki/name.ts'
import { pkcs12 } from '../pki/pkcs12.ts'
import { LIFETIME } from '../pki/profile.ts'
import { release, type Releasable } from '../pki/release.ts'
import { readRequest } from '../pki/request.ts'
import { updateAccessFile } from './access-file.ts'
import { granted, readPolicy } from './client-grant.ts'
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
  /** What it may do at most, whatever is granted: permission patterns. */
  readonly ceiling?: readonly string[]
  /** The kind of its key; P-256 unless given. */
  readonly keyType?: KeyType
  /** A certificate request (PEM): its key is certified, and none is made. */
  readonly csr?: string
  /** With it, key and certificate are also written as PKCS #12 under this password. Not together with `csr`. */
  readonly p12Password?: string
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
  /** Path of the PKCS #12 file, if one was asked for. */
  readonly p12?: string
  readonly issued: Releasable
}

/**
 * Issues a client's certificate, with a new key or for the key of a request, grants the roles, and puts both on record.
 *
 * All or nothing: what can be refused is refused before anything is signed; the ledger and the audit trail come before
 * the files; and if the grant cannot be written, the files go again. Of two for one name exactly one succeeds.
 *
 * @throws SallyportError `NAME_INVALID`, `NAME_TAKEN` (has grants), `FILE_EXISTS` (has a certificate), `NOT_FOUND` (a
 *   role, the policy, the CA), `CERTIFICATE_INVALID` (length of life), `CERTIFICATE_REQUEST_REFUSED`, and what the CA,
 *   the trail and the policy say
 */
export async function issueClientCertificate(
  request: ClientRequest,
  where: ClientIssuing,
): Promise<ClientIssued> {
  assertClientName(request.name)
  assertLife(request.life)
  const uri = spiffeUri(where.trustDomain, request.kind, request.name)
  const publicKey = await requestedKey(request, uri)
  const files = clientFiles(where.certs, request.name)
  await assertFree(files.directory)
  const principal = `${request.kind}:${request.name}`
  const { roles, existing } = request
  const grant = (text: string): string => granted(text, { principal, roles, existing, file: where.access })
  grant(await readPolicy(where.access))
  const issued = await signed(request, publicKey, where)
  const p12 = await p12Of(issued, principal, request.p12Password)
  await recordIssued(where.audit, principal, issued)
  await releaseNew(where.certs, files, issued, p12)
  await orWithdraw(files.directory, async () => await updateAccessFile(where.access, grant))
  const [p12Name] = Object.keys(p12)
  return { principal, uri, files, issued, ...(p12Name ? { p12: join(files.directory, p12Name) } : {}) }
}

async function requestedKey({ csr, name }: ClientRequest, uri: string): Promise<Key | undefined> {
  return csr === undefined ? undefined : (await readRequest(csr, { uri, name })).publicKey
}

async function signed(
  request: ClientRequest,
  publicKey: Key | undefined,
  { certs, passphrase, trustDomain, now, revocationListUrl }: ClientIssuing,
): Promise<Releasable> {
  const { kind, name, life, keyType, ceiling } = request
  const issuer = await openAuthority(certs, now, passphrase)
  const profile = {
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(revocationListUrl === undefined ? {} : { revocationListUrl }),
  }
  const identity = { kind, name, trustDomain }
  if (publicKey !== undefined)
    return await issueClient(issuer, identity, life, now, { ...profile, publicKey })
  return await issueClient(issuer, identity, life, now, {
    ...profile,
    ...(keyType === undefined ? {} : { keyType }),
  })
}

async function p12Of(
  { certificate, key }: Releasable,
  principal: string,
  password: string | undefined,
): Promise<Readonly<Record<string, FileContent>>> {
  if (password === undefined || key === undefined) return {}
  const content = await pkcs12({ certificates: certificate, key, friendlyName: principal, password })
  return { 'client.p12': { content, secret: true } }
}

function assertLife(life: number): void {
  if (life >= LIFETIME.shortestClient && life <= LIFETIME.longestClient) return
  throw new SallyportError('CERTIFICATE_INVALID', 'a client certificate lives between one minute and 90 days')
}

async function assertFree(directory: string): Promise<void> {
  const found = await lstat(directory).catch(() => undefined)
  if (found !== undefined) throw taken(directory)
}

async function releaseNew(
  certs: string,
  files: CertificateFiles,
  issued: Releasable,
  more: Readonly<Record<string, FileContent>>,
): Promise<void> {
  await release(certs, files, issued, more).catch((cause: unknown) => {
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
