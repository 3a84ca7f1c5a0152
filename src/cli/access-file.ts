import { randomUUID } from 'node:crypto'
import { open, readFile, realpath, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseAccessDocument } from '../access/document.ts'
import { SallyportError } from '../errors.ts'
import { unwritable } from '../pki/unwritable.ts'
import { withFileLock } from '../pki/file-lock.ts'

/** How often an edit starts again because somebody saved the file from an editor meanwhile. */
const TRIES = 5

/**
 * Edits the access policy: locks, reads, edits, checks the result, compares that nobody changed the file meanwhile,
 * and replaces it in one step that a reader sees whole or not at all. Mode and owner stay.
 *
 * Fails closed: a result that is not a valid policy is not written.
 *
 * @param edit gets the text and returns the new one; may run again if the file changed meanwhile
 * @throws SallyportError `NOT_FOUND` without a file, `POLICY_INVALID` if the result is not a policy, `TOO_BUSY` if
 *   others hold the file; and what `edit` throws
 */
export async function updateAccessFile(path: string, edit: (text: string) => string): Promise<void> {
  const file = await realpath(path).catch((cause: unknown) => {
    throw new SallyportError('NOT_FOUND', `${path} is not there: "npx sallyport init" makes it`, { cause })
  })
  await withFileLock(file, async () => {
    for (let attempt = 0; attempt < TRIES; attempt++) if (await edited(file, edit)) return
    throw new SallyportError('TOO_BUSY', `${path} keeps being changed by others: try again`)
  })
}

/** False, and nothing written, if the file changed between reading and writing. */
async function edited(file: string, edit: (text: string) => string): Promise<boolean> {
  const before = await readFile(file, 'utf8')
  const after = edit(before)
  if (after === before) return true
  parseAccessDocument(after, file)
  return replace(file, after, async () => (await readFile(file, 'utf8')) === before)
}

async function replace(file: string, text: string, unchanged: () => Promise<boolean>): Promise<boolean> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeLike(file, temporary, text).catch((cause: unknown) => {
      throw unwritable(file, cause)
    })
    if (!(await unchanged())) return false
    await rename(temporary, file)
    await syncDirectory(dirname(file))
    return true
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}

/** Writes `temporary` durably, with mode and owner of `file`. */
async function writeLike(file: string, temporary: string, text: string): Promise<void> {
  await using original = await open(file, 'r')
  const { mode, uid, gid } = await original.stat()
  await using handle = await open(temporary, 'wx', 0o600)
  await handle.writeFile(text)
  await keepOwner(handle, uid, gid)
  await handle.chmod(mode & 0o7777)
  await handle.sync()
}

async function keepOwner(handle: FileHandle, uid: number, gid: number): Promise<void> {
  const own = await handle.stat()
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r')
  await handle.sync()
}
