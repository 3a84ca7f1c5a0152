import { basename } from 'node:path'
import { authorityFiles, createDirectory, replaceFile, type CertificateFiles } from './files.ts'
import type { IssuedPair } from './issue.ts'
import { appendToLedger } from './ledger.ts'

/**
 * Writes a new certificate and its key where there is none yet. It is in the ledger, on disk, before that.
 *
 * @throws SallyportError `FILE_EXISTS` if there is something already; then nothing was written but the ledger line
 */
export async function release(certs: string, files: CertificateFiles, issued: IssuedPair): Promise<void> {
  await appendToLedger(authorityFiles(certs).ledger, issued.entry)
  await createDirectory(files.directory, {
    [basename(files.key)]: { content: issued.key, secret: true },
    [basename(files.certificate)]: { content: issued.certificate, secret: false },
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
  await replaceFile(files.key, { content: issued.key, secret: true })
  await replaceFile(files.certificate, { content: issued.certificate, secret: false })
}
