import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { loadConfig } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { authorityFiles, clientFiles } from '../pki/files.ts'
import { assertClientName } from '../pki/name.ts'
import { configurationHome } from './configuration-home.ts'
import { identityFiles, readPair, type IdentityFiles } from './identity-files.ts'

/** Who a client is, and whom it trusts: everything that a connection by certificate needs. */
export interface Identity {
  readonly directory: string
  /** Of the folder, as `--as` takes it. */
  readonly name: string
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
  /** PEM. */
  readonly root: string
  /** Ms since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Which identity to find. One of `as` and `dir`. */
export interface IdentityOptions {
  /** Name of a client: of the installation in the working directory, else of this user. */
  readonly as?: string | undefined
  /** The folder itself. */
  readonly dir?: string | undefined
  /** Ms since the epoch. */
  readonly now: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Finds and checks the identity of a client.
 *
 * Fails closed: a key that is open to others, that does not belong to the certificate, and a certificate that is not
 * valid now are errors that say what to do.
 *
 * @throws SallyportError `NOT_FOUND`, `NAME_INVALID`, `CERTIFICATE_INVALID`, or `REFUSED` for one that has expired
 */
export async function findIdentity(options: IdentityOptions): Promise<Identity> {
  const files = whereIs(options)
  const pair = await readPair(files)
  const root =
    pair.root ??
    (await readFile(files.root, 'utf8').catch((cause: unknown) => {
      throw new SallyportError(
        'NOT_FOUND',
        `${files.root} cannot be read: it is the root certificate to trust`,
        { cause },
      )
    }))
  const identity = identityOf(files.directory, { ...pair, root })
  assertValid(identity, options.now)
  return identity
}

/** An identity of what was read or received. */
export function identityOf(
  directory: string,
  { certificate, key, root }: Pick<Identity, 'certificate' | 'key' | 'root'>,
): Identity {
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  return {
    directory,
    name: basename(directory),
    certificate,
    key,
    root,
    notBefore: validFromDate.getTime(),
    notAfter: validToDate.getTime(),
  }
}

/** Where a user keeps the identity of a client that no installation here knows. */
export function userDirectory(name: string, env: Readonly<Record<string, string | undefined>>): string {
  return join(configurationHome(env), 'clients', name)
}

function whereIs({ as, dir, cwd = process.cwd(), env = process.env }: IdentityOptions): IdentityFiles {
  if (dir !== undefined) return identityFiles(resolve(cwd, dir))
  const name = as ?? ''
  assertClientName(name)
  const isInstalled = env['SALLYPORT_CONFIG'] !== undefined || existsSync(join(cwd, 'sallyport.yaml'))
  const own = identityFiles(userDirectory(name, env))
  if (!isInstalled) return own
  const { certificates } = loadConfig(env, cwd)
  const { directory } = clientFiles(certificates, name)
  const here = identityFiles(directory, authorityFiles(certificates).root)
  return !existsSync(directory) && existsSync(own.directory) ? own : here
}

function assertValid({ directory, notBefore, notAfter }: Identity, now: number): void {
  if (now >= notAfter) throw expired(directory, notAfter)
  if (now >= notBefore) return
  const from = new Date(notBefore).toISOString()
  const message = `the certificate in ${directory} is valid from ${from} only: check the clock of this machine`
  throw new SallyportError('CERTIFICATE_INVALID', message)
}

/** The same in short, where it was in use when it ended. */
export function expiredWords(directory: string): string {
  return `the certificate in ${directory} has expired: it needs a new enrolment token`
}

/** What to say of a certificate that has ended. */
export function expired(directory: string, notAfter: number): SallyportError {
  return new SallyportError(
    'REFUSED',
    `the certificate in ${directory} expired at ${new Date(notAfter).toISOString()}, and an expired one cannot renew ` +
      'itself: ask for a new enrolment token ("sallyport cert token NAME" makes one) and run "sallyport enroll URL --replace"',
  )
}
