import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { isSallyportError, SallyportError } from '../errors.ts'
import { newKeyPair, privateKeyPem } from '../pki/key.ts'
import { namedClient } from '../pki/named-client.ts'
import { newRequest } from '../pki/new-request.ts'
import { expired, identityOf, type Identity } from './client-identity.ts'
import { identityFiles, storePair } from './identity-files.ts'
import { askForCertificate } from './pki-client.ts'
import { assertReceived } from './received-certificate.ts'

/** What {@link renewIdentity} takes. */
export interface RenewalOptions {
  /** Ms since the epoch. */
  readonly now: () => number
}

/**
 * When a certificate is to be renewed: after two thirds of its life and up to a twentieth more, so that many that were
 * made at once are not all renewed at once.
 *
 * @param random from 0 to 1
 * @returns ms since the epoch
 */
export function renewalTime({ notBefore, notAfter }: Identity, random: number): number {
  const life = notAfter - notBefore
  return notBefore + (life * 2) / 3 + (life / 20) * random
}

/**
 * Renews a client's certificate over the network, by the certificate itself, with a new key that is made here; stores
 * the new pair in the place of the old one.
 *
 * Fails closed: what comes back must name the same identity, be for the new key and of the same CA, and be valid now;
 * else the old pair stays. A certificate that has expired, or names no client of a CA of ours, is not tried.
 *
 * @param url of the server; only its origin counts
 * @throws SallyportError `REFUSED` when trying again cannot help; anything else is worth another try
 */
export async function renewIdentity(
  identity: Identity,
  url: string | URL,
  { now }: RenewalOptions,
): Promise<Identity> {
  const { directory, certificate, key: cert, root: ca } = identity
  if (now() >= identity.notAfter) throw expired(directory, identity.notAfter)
  const keys = await newKeyPair()
  const key = await privateKeyPem(keys.privateKey)
  const uri = namedClient(new X509Certificate(certificate))?.uri
  if (uri === undefined) throw notOurs(directory)
  const answer = await askForCertificate(
    new URL('/pki/renew', url),
    { csr: await newRequest(keys) },
    { ca, cert: certificate, key: cert },
    (status) => sentence(identity, status),
  )
  const renewed = { certificate: answer.certificate, key }
  assertReceived(renewed.certificate, { key, root: ca, now: now(), uri })
  await storePair(identityFiles(directory), renewed)
  return identityOf(directory, { ...renewed, root: ca })
}

/** What whoever renews holds (`withFileLock`), so that several processes with one identity renew it once. */
export function renewalLock({ directory }: Identity): string {
  return join(directory, 'renewal')
}

/** Another CA's: a server of ours renews what its own CA issued, and what it sent could be compared with nothing. */
function notOurs(directory: string): SallyportError {
  return new SallyportError(
    'REFUSED',
    `the certificate in ${directory} is of another CA, and is renewed where that is`,
  )
}

/** Whether trying again cannot help. */
export function isFinal(error: unknown): error is SallyportError {
  return isSallyportError(error, 'REFUSED')
}

function sentence({ directory }: Identity, status: number): string {
  const enrol = 'ask for a new enrolment token, and run "sallyport enroll URL --replace"'
  if (status === 401)
    return `the server knows nobody by the certificate in ${directory}: it is revoked or expired, or its owner was disabled; ${enrol}`
  if (status === 403)
    return `the server does not renew the certificate in ${directory}: it was renewed for as long as is allowed, or replaced; ${enrol}`
  return `the server refused to renew the certificate in ${directory} (${status})`
}
