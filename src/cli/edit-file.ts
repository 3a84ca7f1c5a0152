import { randomUUID } from 'node:crypto'
import { link, open, readFile, realpath, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { withFileLock } from '../pki/file-lock.ts'
import { unwritable } from '../pki/unwritable.ts'

/** How often an edit starts again because somebody saved the file from an editor meanwhile. */
const TRIES = 5

/**
 * Edits a file that people edit as well: locks, reads, edits, compares that nobody changed it meanwhile, and replaces it
 * in one step that a reader sees whole or not at all. Mode and owner stay; behind a symbolic link the file is replaced.
 *
 * @param edit gets the text, `undefined` where there is no file, and returns the new one; may run again if the file
 *   changed meanwhile
 * @throws SallyportError `TOO_BUSY` if others hold the file, `STORE_UNAVAILABLE` if it cannot be written; and what `edit`
 *   throws: then nothing was written
 */
export async function editFile(path: string, edit: (text: string | undefined) => string): Promise<void> {
  const file = await realpath(path).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return path
    throw cause
  })
  await withFileLock(file, async () => {
    for (let attempt = 0; attempt < TRIES; attempt++) if (await edited(file, edit)) return
    throw new SallyportError('TOO_BUSY', `${path} keeps being changed by others: try again`)
  })
}

/** The text of a file, or `undefined` if there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw cause
  })
}

/** False, and nothing written, if the file changed between reading and writing. */
async function edited(file: string, edit: (text: string | undefined) => string): Promise<boolean> {
  const before = await textOf(file)
  const after = edit(before)
  return after === before || replaced(file, before, after)
}

async function replaced(file: string, before: string | undefined, after: string): Promise<boolean> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await written(file, temporary, before === undefined, after).catch((cause: unknown) => {
      throw unwritable(file, cause)
    })
    if (!(await put(temporary, file, before))) return false
    await syncDirectory(dirname(file))
    return true
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}

/** Puts the new file in its place, unless there is another one than before. */
async function put(temporary: string, file: string, before: string | undefined): Promise<boolean> {
  if (before === undefined) return linked(temporary, file)
  if ((await textOf(file)) !== before) return false
  await rename(temporary, file)
  return true
}

async function linked(temporary: string, file: string): Promise<boolean> {
  try {
    await link(temporary, file)
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false
    throw unwritable(file, cause)
  }
}

/** Writes `temporary` durably; a new file can be read by all, else it has mode and owner of `file`. */
async function written(file: string, temporary: string, isNew: boolean, text: string): Promise<void> {
  await using handle = await open(temporary, 'wx', isNew ? 0o644 : 0o600)
  await handle.writeFile(text)
  if (!isNew) await makeLike(file, handle)
  await handle.sync()
}

async function makeLike(file: string, handle: FileHandle): Promise<void> {
  await using original = await open(file, 'r')
  const { mode, uid, gid } = await original.stat()
  const own = await handle.stat()
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
  await handle.chmod(mode & 0o7777)
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r')
  await handle.sync()
}
