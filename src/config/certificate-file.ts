import { X509Certificate } from 'node:crypto'
import type { InstalledFile } from './installed-file.ts'

// Never past the next "-", which base64 has none of: these texts come from wherever lists are fetched from, and are long.
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const WHOLE_BLOCK = /-----BEGIN ([^-\n]+)-----[^-]+-----END \1-----/g

/** The certificates of a PEM file; none if one of them cannot be read. */
export function certificatesIn({ text = '' }: InstalledFile): X509Certificate[] {
  try {
    return text.match(CERTIFICATE)?.map((pem) => new X509Certificate(pem)) ?? []
  } catch {
    return []
  }
}

/** What is wrong with a file that should hold certificates, before anything is said about these. */
export function fileFaults(file: InstalledFile, certificates: readonly X509Certificate[]): string[] {
  const { what, path, text } = file
  if (text === undefined) return []
  if (certificates.length === 0)
    return [`${what} ${path} holds no certificate that can be read: PEM is expected, put a good file there`]
  // What is lost could be the CA between.
  if (text.replaceAll(WHOLE_BLOCK, '').includes('-----BEGIN'))
    return [`${what} ${path} is cut short: a PEM block begins and never ends, put the whole file there`]
  return []
}

/** Whether a certificate is valid at `now`, in ms since the epoch. */
export function validityFaults(
  certificate: X509Certificate,
  file: InstalledFile,
  now: number,
  renew: string,
): string[] {
  const name = `${file.what} ${file.path} ("${nameOf(certificate)}")`
  if (now > certificate.validToDate.getTime())
    return [`${name} expired at ${certificate.validToDate.toISOString()}: ${renew}`]
  if (now < certificate.validFromDate.getTime())
    return [
      `${name} is valid from ${certificate.validFromDate.toISOString()} only: check the clock, or ${renew}`,
    ]
  return []
}

/** By name and by signature. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** For people. */
export function nameOf({ subject }: X509Certificate): string {
  return subject.replaceAll('\n', ', ')
}
