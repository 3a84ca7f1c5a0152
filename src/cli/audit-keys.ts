import { appendFile, readFile } from 'node:fs/promises'
import {
  checkpointSigner,
  newSigningKey,
  publicKeysIn,
  publicPart,
  type CheckpointSigner,
} from '../audit/signing-key.ts'
import type { Config } from '../config/config.ts'
import { errnoOf, isSallyportError, SallyportError } from '../errors.ts'
import { madeIfMissing } from './made-if-missing.ts'
import { newSecret } from './new-secret.ts'

/** Where the public part of the signing key is, and of those before it: a PEM block each. */
export function publicKeyFile({ auditTrail }: Pick<Config, 'auditTrail'>): string {
  return auditTrail.signingKeyFile.replace(/(?:\.pem)?$/, '.pub.pem')
}

/**
 * What signs the checkpoints of this installation. The key is made where it is missing, and its public part is put beside
 * the others if it is not among them: who takes the private file away has another key from the next start on.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE` if it can neither be read nor made
 */
export async function auditSigner(config: Pick<Config, 'auditTrail'>): Promise<CheckpointSigner> {
  const path = config.auditTrail.signingKeyFile
  const pem = await madeIfMissing(path, () => newSigningKey().privateKey, unusableAt(path))
  const signer = checkpointSigner(pem, `the signing key ${path}`)
  await publish(publicKeyFile(config), signer.key, publicPart(pem, path))
  return signer
}

/**
 * The key of the digests of arguments: of the environment, else of its file, which is made where it is missing.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE` if it can neither be read nor made; `CONFIGURATION_INVALID` if it is unfit
 */
export async function auditKey(config: Pick<Config, 'auditTrail' | 'auditKeys'>): Promise<string> {
  const { keyFile } = config.auditTrail
  if (keyFile !== null) await madeIfMissing(keyFile, newSecret, unusableAt(keyFile))
  const [key = ''] = config.auditKeys()
  return key
}

async function publish(path: string, key: string, publicKey: string): Promise<void> {
  try {
    if (!(await keysIn(path)).has(key)) await appendFile(path, publicKey, { mode: 0o644 })
  } catch (error) {
    throw unusableAt(path)('written', error)
  }
}

async function keysIn(path: string): Promise<ReadonlyMap<string, unknown>> {
  try {
    return publicKeysIn(await readFile(path, 'utf8'), path)
  } catch (error) {
    // None yet, or none of ours: it is added.
    if (errnoOf(error) === 'ENOENT' || isSallyportError(error)) return new Map()
    throw error
  }
}

function unusableAt(path: string): (verb: 'read' | 'written', cause: unknown) => SallyportError {
  return (verb, cause) =>
    new SallyportError(
      'AUDIT_UNAVAILABLE',
      `the audit key ${path} cannot be ${verb} (${errnoOf(cause)}): check space and rights`,
      { cause },
    )
}
