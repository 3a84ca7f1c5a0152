import { mkdir, readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { authorityFiles, replaceFile, serverFiles } from './files.ts'

/**
 * Copies what a server needs to know of its CA into another directory of the same layout: root, issuing CA, revocation
 * lists, and the server's own certificate and key; never a key of the CA. For a server that must not see the CA's folder.
 *
 * Each file is replaced whole, the key before its certificate; what is as it was is not written again.
 *
 * @returns the files that were written, relative to `directory`
 */
export async function publish(certs: string, directory: string): Promise<readonly string[]> {
  const { root, issuing, revocationLists } = authorityFiles(certs)
  const server = serverFiles(certs)
  const written: string[] = []
  for (const path of [root, issuing, revocationLists, server.key, server.certificate]) {
    const name = relative(certs, path)
    if (await copied(path, resolve(directory, name), path === server.key)) written.push(name)
  }
  return written
}

async function copied(from: string, to: string, secret: boolean): Promise<boolean> {
  const content = await textOf(from)
  if (content === undefined || content === (await textOf(to))) return false
  await mkdir(dirname(to), { recursive: true, mode: 0o755 })
  await replaceFile(to, { content, secret })
  return true
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
