import { SallyportError } from '../errors.ts'
import { certificatePem, certify, certifyKey, type Signer } from './certify.ts'
import { firstForbidden } from './name-constraints.ts'
import { privateKeyPem, type Key, type KeyType } from './key.ts'
import { ledgerEntry } from './ledger.ts'
import type { LedgerEntry } from './ledger-event.ts'
import {
  clientTemplate,
  serverTemplate,
  type CertificateTemplate,
  type ClientIdentity,
  type ClientProfile,
  type SubjectName,
} from './profile.ts'

/** A certificate that was signed and not yet released: it must be in the ledger first. */
export interface Issued {
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  readonly entry: LedgerEntry
  /** When it ends, in ms since the epoch. */
  readonly expiresAt: number
}

/** With the key that was made for it. */
export interface IssuedPair extends Issued {
  /** PEM, PKCS #8. */
  readonly key: string
}

/** How a client certificate is made: with a new key of a kind, or for a key that somebody else holds. */
export interface ClientOptions extends ClientProfile {
  /** The kind of the new key; P-256 unless given. */
  readonly keyType?: KeyType
  /** From a request that was read (`readRequest`): then no key is made. */
  readonly publicKey?: Key
}

/** How a server certificate is made. */
export interface ServerOptions {
  readonly keyType?: KeyType
  readonly revocationListUrl?: string
}

/**
 * Signs a client certificate, with a new key or for the one given. The identity has been checked before
 * (`assertClientName`), the length of life, too.
 *
 * @param life in ms; cut down to the end of the issuing CA
 * @param now ms since the epoch
 * @throws SallyportError `CERTIFICATE_INVALID` for a ceiling that cannot be one, `NAME_INVALID` for a trust domain that
 *   the CA was not made for
 */
export async function issueClient(
  issuer: Signer,
  identity: ClientIdentity,
  life: number,
  now: number,
  options: ClientOptions & { readonly publicKey: Key },
): Promise<Issued>
export async function issueClient(
  issuer: Signer,
  identity: ClientIdentity,
  life: number,
  now: number,
  options?: Omit<ClientOptions, 'publicKey'>,
): Promise<IssuedPair>
export async function issueClient(
  issuer: Signer,
  identity: ClientIdentity,
  life: number,
  now: number,
  options: ClientOptions = {},
): Promise<Issued> {
  const template = clientTemplate(identity, life, now, options)
  assertPermitted(issuer, template.names)
  const { publicKey, keyType } = options
  if (publicKey === undefined) return await issuePair('client', template, { issuer, keyType, now })
  return issued('client', await certifyKey(template, publicKey, issuer), issuer, now)
}

/**
 * Signs a server certificate with a new key, for names that have been checked before (`serverNames`).
 *
 * @throws SallyportError `NAME_INVALID` for a name that the CA may not certify
 */
export async function issueServer(
  issuer: Signer,
  names: readonly SubjectName[],
  now: number,
  options: ServerOptions = {},
): Promise<IssuedPair> {
  const { keyType } = options
  assertPermitted(issuer, names)
  return await issuePair('server', serverTemplate(names, now, options), { issuer, keyType, now })
}

/** What the CA may not certify is never signed: no program would believe it. */
function assertPermitted({ certificate }: Signer, names: readonly SubjectName[]): void {
  const forbidden = firstForbidden(certificate, names)
  if (forbidden === undefined) return
  throw new SallyportError(
    'NAME_INVALID',
    `${forbidden.value} is not among the names that the issuing CA may certify (see the name constraints in its certificate): a new CA is needed for it`,
  )
}

async function issuePair(
  kind: 'client' | 'server',
  template: CertificateTemplate,
  {
    issuer,
    keyType,
    now,
  }: { readonly issuer: Signer; readonly keyType: KeyType | undefined; readonly now: number },
): Promise<IssuedPair> {
  const { certificate, keys } = await certify(template, issuer, keyType)
  return { ...issued(kind, certificate, issuer, now), key: await privateKeyPem(keys.privateKey) }
}

function issued(
  kind: 'client' | 'server',
  certificate: Signer['certificate'],
  issuer: Signer,
  now: number,
): Issued {
  return {
    certificate: certificatePem(certificate) + certificatePem(issuer.certificate),
    entry: ledgerEntry(kind, certificate, now),
    expiresAt: certificate.notAfter.getTime(),
  }
}
