import { basename } from 'node:path'
import {
  authorityFiles,
  createDirectory,
  replaceFiles,
  type CertificateFiles,
  type FileContent,
} from './files.ts'
import type { Issued, IssuedPair } from './issue.ts'
import { appendToLedger } from './ledger.ts'

/** What was issued: with its key, or without it where that is held elsewhere. */
export type Releasable = Issued & Partial<Pick<IssuedPair, 'key'>>

/**
 * Writes a new certificate, and its key if it is here, where there is none yet. It is in the ledger, on disk, before
 * that.
 *
 * @param more files to be written with them, by name
 * @throws SallyportError `FILE_EXISTS` if there is something already; then nothing was written but the ledger line
 */
export async function release(
  certs: string,
  files: CertificateFiles,
  issued: Releasable,
  more: Readonly<Record<string, FileContent>> = {},
): Promise<void> {
  const { certificate, key, entry } = issued
  await appendToLedger(authorityFiles(certs).ledger, entry)
  await createDirectory(files.directory, {
    ...(key === undefined ? {} : { [basename(files.key)]: { content: key, secret: true } }),
    [basename(files.certificate)]: { content: certificate, secret: false },
    ...more,
  })
}

/** Writes a certificate and its key over the old ones. It is in the ledger, on disk, before that. */
export async function releaseOver(certs: string, files: CertificateFiles, issued: IssuedPair): Promise<void> {
  await appendToLedger(authorityFiles(certs).ledger, issued.entry)
  await replacePair(files, issued)
}

/**
 * Writes a certificate that is in the ledger, and its key, over the old ones.
 *
 * Two files cannot be replaced in one step: the key goes first, so whoever reads in between finds a pair that does
 * not match, keeps what it has and reads again; after a crash in between, the pair is due for renewal.
 */
export async function replacePair(files: CertificateFiles, issued: IssuedPair): Promise<void> {
  await replaceFiles([
    [files.key, { content: issued.key, secret: true }],
    [files.certificate, { content: issued.certificate, secret: false }],
  ])
}
