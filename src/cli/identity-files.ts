import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { secrecyFaults } from '../config/installed-file.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { withFileLock } from '../pki/file-lock.ts'
import { replaceFile } from '../pki/files.ts'

/** A certificate (leaf, then issuing CA) and its key, as PEM. */
export interface IdentityPair {
  readonly certificate: string
  readonly key: string
  /** The root to trust, where it is renewed along with the pair. */
  readonly root?: string | undefined
}

/** The files of a client's identity. The root of an installation's clients is the CA's own, elsewhere. */
export interface IdentityFiles {
  readonly directory: string
  readonly certificate: string
  readonly key: string
  readonly root: string
  /** A whole new pair, while it takes the place of the old one. */
  readonly pending: string
}

/** The files in a client's folder. */
export function identityFiles(directory: string, root: string = join(directory, 'root.pem')): IdentityFiles {
  return {
    directory,
    certificate: join(directory, 'client.pem'),
    key: join(directory, 'client.key.pem'),
    root,
    pending: join(directory, 'client.pending.json'),
  }
}

/** Somebody who writes a pair is done with it after a few ms. */
const TRIES = 20
const PAUSE = 25

/**
 * Reads the pair, as it was left by whoever wrote it last, even if that was cut off in the middle: a whole new pair
 * that was not yet put into its place is used, and put there if that can be done.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, `CERTIFICATE_INVALID` if it is open to others or does not match
 */
export async function readPair(files: IdentityFiles): Promise<IdentityPair> {
  for (let attempt = 1; ; attempt++) {
    const pair = { certificate: await textOf(files.certificate), key: await textOf(files.key) }
    const pending = await pendingPair(files)
    if (pending !== undefined && isNewer(pending, pair)) {
      // Reading goes on where nobody may write.
      await finishPair(files).catch(() => undefined)
      return pending
    }
    assertSecret(files)
    if (pair.certificate === undefined || pair.key === undefined) throw missing(files)
    if (isPair({ certificate: pair.certificate, key: pair.key }))
      return { certificate: pair.certificate, key: pair.key }
    if (attempt === TRIES) throw mismatch(files)
    await wait(PAUSE)
  }
}

/**
 * Puts a new pair in the place of the old one. Whenever this is cut off, a whole pair can be read afterwards: first the
 * new one is written beside the old as one file, then each file is replaced.
 *
 * @throws SallyportError `TOO_BUSY` if another process writes there and does not end
 */
export async function storePair(files: IdentityFiles, pair: IdentityPair): Promise<void> {
  await withFileLock(files.pending, async () => {
    await replaceFile(files.pending, { content: JSON.stringify(pair), secret: true })
    await putInPlace(files, pair)
  })
}

async function finishPair(files: IdentityFiles): Promise<void> {
  await withFileLock(files.pending, async () => {
    const pending = await pendingPair(files)
    if (pending !== undefined) await putInPlace(files, pending)
  })
}

async function putInPlace(files: IdentityFiles, { certificate, key, root }: IdentityPair): Promise<void> {
  if (root !== undefined) await replaceFile(files.root, { content: root, secret: false })
  await replaceFile(files.key, { content: key, secret: true })
  await replaceFile(files.certificate, { content: certificate, secret: false })
  await rm(files.pending, { force: true })
}

const pendingShape = z.strictObject({
  certificate: z.string(),
  key: z.string(),
  root: z.string().optional(),
})

/** What is whole; a file that is not was never announced as one. */
async function pendingPair(files: IdentityFiles): Promise<IdentityPair | undefined> {
  const text = await textOf(files.pending)
  const read = text === undefined ? undefined : pendingShape.safeParse(parsed(text))
  return read?.success === true && isPair(read.data) ? read.data : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Others may have replaced the pair since, who know nothing of a pending one. */
function isNewer(
  pending: IdentityPair,
  { certificate, key }: Record<'certificate' | 'key', string | undefined>,
): boolean {
  if (certificate === undefined || key === undefined || !isPair({ certificate, key })) return true
  const from = (pem: string): number => new X509Certificate(pem).validFromDate.getTime()
  return from(pending.certificate) >= from(certificate)
}

function isPair({ certificate, key }: IdentityPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const message = `${path} cannot be read (${code}): check the rights of the file`
    throw new SallyportError('CERTIFICATE_INVALID', message, { cause })
  })
}

function assertSecret({ key }: IdentityFiles): void {
  const [fault] = secrecyFaults('the private key', key)
  if (fault !== undefined) throw new SallyportError('CERTIFICATE_INVALID', fault)
}

function missing({ directory, certificate, key }: IdentityFiles): SallyportError {
  return new SallyportError(
    'NOT_FOUND',
    `there is no client certificate in ${directory} (${certificate} and ${key}): ` +
      '"sallyport enroll URL" gets one with a token, "npm run issue-client-cert -- NAME" makes one where the CA is',
  )
}

function mismatch({ certificate, key }: IdentityFiles): SallyportError {
  return new SallyportError(
    'CERTIFICATE_INVALID',
    `${certificate} cannot be read or does not belong to the key ${key}: put back the pair that belongs together, ` +
      'or enrol anew ("sallyport enroll URL --replace")',
  )
}
