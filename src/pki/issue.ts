import { certificatePem, certify, type Certified, type Signer } from './certify.ts'
import { privateKeyPem } from './key.ts'
import { ledgerEntry, type LedgerEntry } from './ledger.ts'
import { clientTemplate, serverTemplate, type ClientIdentity, type SubjectName } from './profile.ts'

/** A certificate that was signed and not yet released: it must be in the ledger first. */
export interface Issued {
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
  readonly entry: LedgerEntry
  /** When it ends, in ms since the epoch. */
  readonly expiresAt: number
}

/**
 * Signs a client certificate with a new key. The identity has been checked before (`assertClientName`).
 *
 * @param life in ms; cut down to the end of the issuing CA
 * @param now ms since the epoch
 */
export async function issueClient(
  issuer: Signer,
  identity: ClientIdentity,
  life: number,
  now: number,
): Promise<Issued> {
  return await issued('client', await certify(clientTemplate(identity, life, now), issuer), issuer, now)
}

/** Signs a server certificate with a new key, for names that have been checked before (`serverNames`). */
export async function issueServer(
  issuer: Signer,
  names: readonly SubjectName[],
  now: number,
): Promise<Issued> {
  return await issued('server', await certify(serverTemplate(names, now), issuer), issuer, now)
}

async function issued(
  kind: 'client' | 'server',
  { certificate, keys }: Certified,
  issuer: Signer,
  now: number,
): Promise<Issued> {
  return {
    certificate: certificatePem(certificate) + certificatePem(issuer.certificate),
    key: await privateKeyPem(keys.privateKey),
    entry: ledgerEntry(kind, certificate, now),
    expiresAt: certificate.notAfter.getTime(),
  }
}
