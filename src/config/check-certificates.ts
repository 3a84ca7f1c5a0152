import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { InstalledFile } from './installed-file.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** What is wrong with the server's certificate and key; nothing about what could not be read. */
export function serverFaults(certificate: InstalledFile, key: InstalledFile, now: number): string[] {
  const [leaf] = certificatesIn(certificate)
  const privateKey = privateKeyIn(key)
  const renew = '"npm run issue-server-cert -- --replace" makes a new one'
  return [
    ...emptyFaults(certificate, leaf),
    ...(key.text !== undefined && privateKey === undefined
      ? [`${key.what} ${key.path} holds no private key that can be read: ${renew}`]
      : []),
    ...(leaf !== undefined && privateKey !== undefined && !leaf.checkPrivateKey(privateKey)
      ? [`${certificate.what} ${certificate.path} does not belong to the key ${key.path}: ${renew}`]
      : []),
    ...(leaf === undefined ? [] : validityFaults(leaf, certificate, now, renew)),
  ]
}

/** What is wrong with the certificates that clients are checked against. */
export function chainFaults(roots: InstalledFile, issuers: InstalledFile, now: number): string[] {
  const anchors = certificatesIn(roots)
  const issuing = certificatesIn(issuers)
  const renew = 'put the valid ones there'
  return [
    ...emptyFaults(roots, anchors[0]),
    ...emptyFaults(issuers, issuing[0]),
    ...anchors.flatMap((certificate) => validityFaults(certificate, roots, now, renew)),
    ...issuing.flatMap((certificate) => validityFaults(certificate, issuers, now, renew)),
    ...(anchors.length === 0
      ? []
      : issuing.flatMap((issuer) => pathFaults(issuer, anchors, issuing, issuers))),
  ]
}

function pathFaults(
  issuer: X509Certificate,
  anchors: readonly X509Certificate[],
  issuing: readonly X509Certificate[],
  { path }: InstalledFile,
): string[] {
  if (leadsTo(anchors, issuer, issuing)) return []
  return [
    `the issuing certificate "${nameOf(issuer)}" in ${path} was signed by none of the roots: ` +
      'put its root into trust.roots, or take it out',
  ]
}

/** Whether a certificate is a root, or was signed by one directly or through other issuing certificates. */
function leadsTo(
  anchors: readonly X509Certificate[],
  certificate: X509Certificate,
  issuing: readonly X509Certificate[],
): boolean {
  if (anchors.some((anchor) => anchor.raw.equals(certificate.raw) || isSignedBy(certificate, anchor)))
    return true
  const rest = issuing.filter((other) => other !== certificate)
  return rest.some((other) => isSignedBy(certificate, other) && leadsTo(anchors, other, rest))
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function validityFaults(
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

function emptyFaults(file: InstalledFile, first: X509Certificate | undefined): string[] {
  if (file.text === undefined || first !== undefined) return []
  return [
    `${file.what} ${file.path} holds no certificate that can be read: PEM is expected, put a good file there`,
  ]
}

/** The certificates of a PEM file; none if one of them cannot be read. */
function certificatesIn({ text }: InstalledFile): X509Certificate[] {
  try {
    return (text ?? '').match(CERTIFICATE)?.map((pem) => new X509Certificate(pem)) ?? []
  } catch {
    return []
  }
}

function privateKeyIn({ text }: InstalledFile): KeyObject | undefined {
  try {
    return text === undefined ? undefined : createPrivateKey(text)
  } catch {
    return undefined
  }
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}
