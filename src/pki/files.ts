import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { unwritable } from './unwritable.ts'

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
    for (const [name, content] of Object.entries(files))
      await writeSynced(join(staged, name), content, join(directory, name))
    await syncDirectory(staged)
    await rename(staged, directory)
  } catch (cause) {
    await rm(staged, { recursive: true, force: true })
    throw isTaken(cause) ? new SallyportError('FILE_EXISTS', `${directory} exists already`, { cause }) : cause
  }
  await syncDirectory(parent)
}

/** As {@link replaceFiles}, for one file. */
export async function replaceFile(path: string, content: FileContent): Promise<void> {
  await replaceFiles([[path, content]])
}

/**
 * Writes files, over the old ones if there are any; readers see the old content of each or the new, never a part. All
 * are written before the first is put in its place, in the order given: a full disk leaves all as they were.
 *
 * They stay their owner's: who renews a server's key as another user must not take it away from the server.
 *
 * @throws SallyportError `STORE_UNAVAILABLE` if one cannot be written
 */
export async function replaceFiles(files: readonly (readonly [path: string, FileContent])[]): Promise<void> {
  const staged = files.map(([path, content]) => ({
    path,
    content,
    temporary: join(dirname(path), temporaryName()),
  }))
  try {
    for (const { path, content, temporary } of staged) {
      await writeSynced(temporary, content, path)
      await giveToOwnerOf(path, temporary)
    }
    for (const { path, temporary } of staged) await rename(temporary, path)
  } catch (cause) {
    for (const { temporary } of staged) await rm(temporary, { force: true })
    throw cause
  }
  for (const directory of new Set(files.map(([path]) => dirname(path)))) await syncDirectory(directory)
}

/** No name of a client begins with a dot. */
function temporaryName(): string {
  return `.sallyport-${randomBytes(8).toString('hex')}`
}

/** @param wanted what it is written for: named if it cannot be */
async function writeSynced(path: string, { content, secret }: FileContent, wanted: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', secret ? 0o600 : 0o644)
    await file.writeFile(content)
    await file.sync()
  } catch (cause) {
    throw unwritable(wanted, cause)
  }
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
  const code = errnoOf(error)
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
}
