import { open, type FileHandle } from 'node:fs/promises'
import { thumbprintOf, serialText } from './certify.ts'
import { SubjectAlternativeNameExtension, type X509Certificate } from './x509.ts'

/** What kind of certificate was issued. */
export type IssuedKind = 'root' | 'issuing' | 'server' | 'client'

/** One line of the ledger: a certificate that this CA issued. */
export interface LedgerEntry {
  readonly v: 1
  readonly event: 'issued'
  readonly at: string
  readonly kind: IssuedKind
  /** Upper-case hex, as node:crypto prints it. */
  readonly serial: string
  /** The names in it, as the subject alternative name extension has them: a client's URI, a server's names. */
  readonly names: readonly string[]
  /** `sha256:` and the hex digest of the certificate. */
  readonly thumbprint: string
  readonly notAfter: string
}

/** The entry of a certificate, read from the certificate itself. */
export function ledgerEntry(kind: IssuedKind, certificate: X509Certificate, now: number): LedgerEntry {
  return {
    v: 1,
    event: 'issued',
    at: new Date(now).toISOString(),
    kind,
    serial: serialText(certificate.serialNumber),
    names: subjectNames(certificate),
    thumbprint: thumbprintOf(certificate),
    notAfter: certificate.notAfter.toISOString(),
  }
}

/** An entry as its line. */
export function ledgerLine(entry: LedgerEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/**
 * Appends one entry; resolves once it is on disk. Only then may the certificate be released.
 *
 * A last line that a crash cut short is closed first, so that it spoils no other.
 */
export async function appendToLedger(path: string, entry: LedgerEntry): Promise<void> {
  await using file = await open(path, 'a+', 0o600)
  await file.appendFile((await endsInsideLine(file)) ? `\n${ledgerLine(entry)}` : ledgerLine(entry))
  await file.sync()
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() !== '\n'
}

function subjectNames(certificate: X509Certificate): readonly string[] {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  return names.map(({ value }) => value)
}
