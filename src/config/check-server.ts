import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { certificatesIn, fileFaults, isSignedBy, nameOf, validityFaults } from './certificate-file.ts'
import type { InstalledFile } from './installed-file.ts'

const RENEW = '"npm run issue-server-cert -- --replace" makes a new one'
/** id-kp-serverAuth and anyExtendedKeyUsage (RFC 5280, 4.2.1.12). */
const FOR_SERVERS: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'])

/**
 * What is wrong with the server's certificate and key; nothing about what could not be read.
 *
 * @param now ms since the epoch
 */
export function serverFaults(certificate: InstalledFile, key: InstalledFile, now: number): string[] {
  const certificates = certificatesIn(certificate)
  const [leaf, ...above] = certificates
  return [
    ...fileFaults(certificate, certificates),
    ...keyFaults(leaf, certificate, key),
    ...(leaf === undefined ? [] : contentFaults(leaf, above, certificate, now)),
  ]
}

function contentFaults(
  leaf: X509Certificate,
  above: readonly X509Certificate[],
  file: InstalledFile,
  now: number,
): string[] {
  const own = leafFaults(leaf, file, now)
  return own.length > 0 ? own : aboveFaults(leaf, above, file, now)
}

function keyFaults(
  leaf: X509Certificate | undefined,
  certificate: InstalledFile,
  key: InstalledFile,
): string[] {
  if (key.text === undefined) return []
  const privateKey = privateKeyIn(key.text)
  if (privateKey === undefined)
    return [`${key.what} ${key.path} holds no private key that can be read: ${RENEW}`]
  if (leaf === undefined || leaf.checkPrivateKey(privateKey)) return []
  return [`${certificate.what} ${certificate.path} does not belong to the key ${key.path}: ${RENEW}`]
}

function leafFaults(leaf: X509Certificate, file: InstalledFile, now: number): string[] {
  // `keyUsage` holds the *extended* key usages; it is undefined, against its type, where the extension is missing.
  const usages: readonly string[] | undefined = leaf.keyUsage
  const name = `${file.what} ${file.path} ("${nameOf(leaf)}")`
  if (usages !== undefined && !usages.some((usage) => FOR_SERVERS.has(usage)))
    return [`${name} is not for servers: put one for TLS servers there, or ${RENEW}`]
  if (!/\b(?:DNS|IP Address):/.test(leaf.subjectAltName ?? ''))
    return [`${name} names no host, so that no client takes it: put one with a host name there, or ${RENEW}`]
  return validityFaults(leaf, file, now, RENEW)
}

/** Of the CAs that are sent with it: each signed the one below it or another one of them, and is valid. */
function aboveFaults(
  leaf: X509Certificate,
  above: readonly X509Certificate[],
  file: InstalledFile,
  now: number,
): string[] {
  return above.flatMap((issuer) => {
    const hasSigned = [leaf, ...above].some((other) => other !== issuer && isSignedBy(other, issuer))
    if (hasSigned) return validityFaults(issuer, file, now, RENEW)
    return [
      `${file.what} ${file.path} holds "${nameOf(issuer)}", which signed nothing in it: ` +
        'put the certificate there, then the CAs that lead to its root',
    ]
  })
}

function privateKeyIn(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}
