import { mkdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { replaceFile } from '../pki/files.ts'
import type { ClientChange, ClientFile } from './client-change.ts'

/** The path of the copy that is made before a file is changed. */
export function backupOf(path: string): string {
  return `${path}.sallyport-backup`
}

/** Reads a configuration file. A link is followed, so that what it points to is changed and not the link. */
export async function readClientFile(path: string): Promise<ClientFile> {
  const target = await realpath(path).catch(() => path)
  return { path: target, text: await textIn(target), backup: await textIn(backupOf(target)) }
}

/**
 * Makes a change, with a copy of the file beside it; a removal takes the copy away.
 *
 * @throws SallyportError `TOO_BUSY` if the file is no longer what the change was made for
 */
export async function writeClientFile(
  { path, text, backup }: ClientFile,
  { kind, after }: ClientChange,
): Promise<void> {
  if ((await textIn(path)) !== text)
    throw new SallyportError('TOO_BUSY', `${path} has just been changed by something else: try again`)
  await mkdir(dirname(path), { recursive: true })
  // Others may have keys in there.
  const secret = text === undefined || ((await stat(path)).mode & 0o077) === 0
  if (kind === 'add' && text !== undefined) await replaceFile(backupOf(path), { content: text, secret })
  if (after === undefined) await rm(path)
  else await replaceFile(path, { content: after, secret })
  if (kind === 'remove' && backup !== undefined) await rm(backupOf(path), { force: true })
}

async function textIn(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SallyportError('CONFIGURATION_INVALID', `${path} cannot be read (${code}): check its rights`, {
      cause,
    })
  })
}
