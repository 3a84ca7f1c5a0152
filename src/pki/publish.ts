import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { errnoOf } from '../errors.ts'
import { withFileLock } from './file-lock.ts'
import { authorityFiles, replaceFile, serverFiles } from './files.ts'
import { pemBlocks } from './pem.ts'

/**
 * Copies what others need of a CA into another directory of the same layout: root, issuing CA, revocation lists (also
 * each alone in DER, as distribution points have them: RFC 5280, 4.2.1.13), and the server's own certificate and key;
 * never a key of the CA. For a server that must not see the CA's folder.
 *
 * Each file is replaced whole, the key before its certificate; what is as it was is not written again. One at a time, so
 * that nobody puts an older list over a newer one.
 *
 * @returns the files that were written, relative to `directory`
 * @throws SallyportError `TOO_BUSY`, `STORE_UNAVAILABLE`
 */
export async function publish(certs: string, directory: string): Promise<readonly string[]> {
  const { directory: authority, revocationLists } = authorityFiles(certs)
  if (!existsSync(authority)) return await copy(certs, directory)
  return await withFileLock(revocationLists, async () => await copy(certs, directory))
}

async function copy(certs: string, directory: string): Promise<readonly string[]> {
  const { root, issuing, revocationLists } = authorityFiles(certs)
  const server = serverFiles(certs)
  const written: string[] = []
  const put = async (name: string, content: Buffer | undefined, secret = false): Promise<void> => {
    const path = resolve(directory, name)
    if (content === undefined || (await contentOf(path))?.equals(content) === true) return
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await replaceFile(path, { content, secret })
    written.push(name)
  }
  for (const path of [root, issuing, revocationLists, server.key, server.certificate])
    await put(relative(certs, path), await contentOf(path), path === server.key)
  const lists = pemBlocks((await contentOf(revocationLists))?.toString() ?? '')
  await put('ca/issuing.crl', lists[0]?.der)
  await put('ca/root.crl', lists[1]?.der)
  return written
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
