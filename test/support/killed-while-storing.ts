import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readPair, type IdentityFiles, type IdentityPair } from '../../src/cli/identity-files.ts'
import { certificatePem, certify } from '../../src/pki/certify.ts'
import { privateKeyPem } from '../../src/pki/key.ts'
import { clientTemplate } from '../../src/pki/profile.ts'

const DAY = 86_400_000
const PROGRAM = fileURLToPath(new URL('./store-pairs.ts', import.meta.url))

/** A certificate of nobody, that begins at `now`, and its key. */
export async function pairOf(now: number): Promise<IdentityPair> {
  const identity = { trustDomain: 'sallyport.internal', kind: 'service', name: 'demo' } as const
  const { certificate, keys } = await certify(clientTemplate(identity, DAY, now))
  return { certificate: certificatePem(certificate), key: await privateKeyPem(keys.privateKey) }
}

/**
 * Kills processes that store one pair and the other in turn, each at another moment, and reads a whole pair after each.
 *
 * @returns how many were in the middle of it
 */
export async function killedWhileStoring(
  files: IdentityFiles,
  pairs: readonly IdentityPair[],
  rounds: number,
): Promise<number> {
  const written = pairs.map((_, index) => join(files.directory, `../pair-${index}.json`))
  for (const [index, path] of written.entries()) await writeFile(path, JSON.stringify(pairs[index]))
  let interrupted = 0
  for (let round = 0; round < rounds; round++) {
    await killed([files.directory, ...written], (round * 7) % 40)
    if ((await readdir(files.directory)).includes(basename(files.pending))) interrupted += 1
    const { key, certificate } = await readPair(files)
    assert.ok(pairs.some((pair) => pair.key === key && pair.certificate === certificate))
  }
  return interrupted
}

async function killed(args: readonly string[], after: number): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await wait(after)
  child.kill('SIGKILL')
  await once(child, 'exit')
}
