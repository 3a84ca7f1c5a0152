import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { identityFiles } from '../../src/cli/identity-files.ts'
import type { TestAuthority, TestPair } from './certificates.ts'

/** Writes a client's identity as an enrolled machine has it; returns its folder. It goes when the authority's folder goes. */
export async function writeIdentity(
  authority: TestAuthority,
  name: string,
  pair?: TestPair,
): Promise<string> {
  const { cert, key } = pair ?? (await authority.client(name))
  const files = identityFiles(join(dirname(authority.certs), 'identities', name))
  await mkdir(files.directory, { recursive: true })
  await writeFile(files.certificate, cert)
  await writeFile(files.key, key, { mode: 0o600 })
  await writeFile(files.root, authority.rootPem)
  return files.directory
}
