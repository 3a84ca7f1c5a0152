import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SallyportError } from '../errors.ts'

/** A certificate (leaf, then issuing CA) and its private key, as files. */
export interface CertificateFiles {
  readonly directory: string
  readonly certificate: string
  readonly key: string
}

/** Where a certs directory keeps what belongs to the CA. */
export interface AuthorityFiles {
  readonly directory: string
  readonly root: string
  readonly rootKey: string
  readonly issuing: string
  readonly issuingKey: string
  /** Two PEM blocks: the issuing CA's list, then the root's. */
  readonly revocationLists: string
  /** What was issued, one JSON line each. */
  readonly ledger: string
}

/** The content of a file to be. Secret is for the owner alone. */
export interface FileContent {
  readonly content: string | Uint8Array
  readonly secret: boolean
}

/** The CA's files in a certs directory. */
export function authorityFiles(certs: string): AuthorityFiles {
  const directory = join(certs, 'ca')
  return {
    directory,
    root: join(directory, 'root.pem'),
    rootKey: join(directory, 'root.key.pem'),
    issuing: join(directory, 'issuing.pem'),
    issuingKey: join(directory, 'issuing.key.pem'),
    revocationLists: join(directory, 'crl.pem'),
    ledger: join(directory, 'ledger.jsonl'),
  }
}

/** The server's files in a certs directory. */
export function serverFiles(certs: string): CertificateFiles {
  return certificateFiles(join(certs, 'server'), 'server')
}

/** A client's files in a certs directory. The name has been checked before: it becomes part of a path. */
export function clientFiles(certs: string, name: string): CertificateFiles {
  return certificateFiles(join(certs, 'clients', name), 'client')
}

function certificateFiles(directory: string, name: string): CertificateFiles {
  return { directory, certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key.pem`) }
}

/**
 * Makes a directory with all of its files at once: they are written and synced beside it, then renamed into place.
 * Of two at once exactly one wins, and nobody ever sees half of it. An empty directory in the way is replaced.
 *
 * @param files content by file name
 * @throws SallyportError `FILE_EXISTS` if there is something at `directory` already; nothing is left behind
 */
export async function createDirectory(
  directory: string,
  files: Readonly<Record<string, FileContent>>,
): Promise<void> {
  const parent = dirname(directory)
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const staged = join(parent, temporaryName())
  await mkdir(staged, { mode: 0o755 })
  try {
    for (const [name, content] of Object.entries(files)) await writeSynced(join(staged, name), content)
    await syncDirectory(staged)
    await rename(staged, directory)
  } catch (cause) {
    await rm(staged, { recursive: true, force: true })
    throw isTaken(cause) ? new SallyportError('FILE_EXISTS', `${directory} exists already`, { cause }) : cause
  }
  await syncDirectory(parent)
}

/**
 * Writes a file, over the old one if there is one; readers see the old content or the new, never a part. It stays its
 * owner's: who renews a server's key as another user must not take it away from the server.
 */
export async function replaceFile(path: string, content: FileContent): Promise<void> {
  const staged = join(dirname(path), temporaryName())
  try {
    await writeSynced(staged, content)
    await giveToOwnerOf(path, staged)
    await rename(staged, path)
  } catch (cause) {
    await rm(staged, { force: true })
    throw cause
  }
  await syncDirectory(dirname(path))
}

/** No name of a client begins with a dot. */
function temporaryName(): string {
  return `.sallyport-${randomBytes(8).toString('hex')}`
}

async function writeSynced(path: string, { content, secret }: FileContent): Promise<void> {
  await using file = await open(path, 'wx', secret ? 0o600 : 0o644)
  await file.writeFile(content)
  await file.sync()
}

async function giveToOwnerOf(path: string, staged: string): Promise<void> {
  const old = await stat(path).catch(() => undefined)
  const { uid, gid } = await stat(staged)
  if (old !== undefined && (old.uid !== uid || old.gid !== gid)) await chown(staged, old.uid, old.gid)
}

/** Makes a rename durable. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r')
  await directory.sync()
}

/** What `rename` says when something other than an empty directory is in the way. */
function isTaken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
}
