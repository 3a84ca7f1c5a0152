import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Trust, TrustedIssuer } from '../../src/auth/certificate.ts'
import {
  createAuthority,
  newAuthority,
  openAuthority,
  openSigner,
  signerOf,
} from '../../src/pki/authority.ts'
import { certificatePem, certify, type Signer } from '../../src/pki/certify.ts'
import type { RevokedSerial } from '../../src/pki/crl-content.ts'
import { signRevocationList } from '../../src/pki/crl.ts'
import { parseRevocationLists } from '../../src/pki/read-crl.ts'
import { clientFiles, serverFiles, type AuthorityFiles, type CertificateFiles } from '../../src/pki/files.ts'
import { issueServer } from '../../src/pki/issue.ts'
import { privateKeyPem } from '../../src/pki/key.ts'
import type { PrincipalKind } from '../../src/pki/name.ts'
import { pemOf } from '../../src/pki/pem.ts'
import { clientTemplate, LIFETIME, type CertificateTemplate } from '../../src/pki/profile.ts'
import { release } from '../../src/pki/release.ts'
import { defaultServerNames, serverNames } from '../../src/pki/server-names.ts'
import { readTrust } from '../../src/trust.ts'

/** What is wrong with a client certificate; `good` is nothing. */
export type ClientVariation =
  | 'good'
  /** Signed by a CA of the same names and trust domain, with other keys. */
  | 'other-ca'
  | 'expired'
  | 'not-yet-valid'
  /** serverAuth only. */
  | 'server-usage'
  /** No extendedKeyUsage. */
  | 'no-usage'
  /** basicConstraints CA:TRUE. */
  | 'ca'
  | 'no-uri'
  | 'two-uris'
  | 'other-trust-domain'
  /** The name in the URI is not one. */
  | 'bad-name'
  /** Signed, then put on the revocation list of the issuing CA (rewrites `crl.pem`). */
  | 'revoked'

export interface TestAuthorityOptions {
  /** `sallyport.internal` unless given. */
  readonly trustDomain?: string
  /** ms since the epoch; the real time unless given. */
  readonly now?: number
  /** `stale`: the issuing CA's list is past its `nextUpdate`. */
  readonly revocationLists?: 'fresh' | 'stale'
  /** localhost, 127.0.0.1 and ::1 unless given. */
  readonly serverNames?: readonly string[]
}

/** A certificate (leaf, then issuing CA) and its key, as PEM. */
export interface TestPair {
  readonly cert: string
  readonly key: string
}

/** A CA in a temporary directory, in the layout that `init` makes, with a server certificate. */
export interface TestAuthority {
  readonly trustDomain: string
  /** `<directory>/certs`. */
  readonly certs: string
  readonly files: AuthorityFiles
  readonly serverFiles: CertificateFiles
  readonly rootPem: string
  readonly issuingPem: string
  readonly server: TestPair
  /** For what this file does not foresee. */
  readonly issuer: Signer
  /** Makes a client certificate in memory; only `revoked` writes a file. */
  client(name: string, variation?: ClientVariation, kind?: PrincipalKind): Promise<TestPair>
  /** The same, written to `certs/clients/<name>/`. */
  writeClient(name: string, variation?: ClientVariation, kind?: PrincipalKind): Promise<CertificateFiles>
  /** What is trusted now, read as a server reads it; of every issuer, `more` holds instead. */
  trust(more?: Partial<Pick<TrustedIssuer, 'nextUpdate' | 'revoked'>>): Promise<Trust>
  /** The content of `crl.pem` now. */
  revocationLists(): Promise<string>
  /** Puts certificates on the issuing CA's list, number + 1, and writes `crl.pem`. */
  revoke(...certificates: readonly string[]): Promise<void>
  /** Signs the issuing CA's list anew, number + 1, ending at `nextUpdate`, and writes `crl.pem`. */
  resign(nextUpdate: number): Promise<void>
}

/** Makes a CA, its revocation lists and a server certificate under `directory` (`<directory>/certs/…`). */
export async function testAuthority(
  directory: string,
  options: TestAuthorityOptions = {},
): Promise<TestAuthority> {
  const { trustDomain = 'sallyport.internal', now = Date.now() } = options
  const certs = join(directory, 'certs')
  const files = await createAuthority(certs, trustDomain, now)
  const issuer = await openAuthority(certs, now)
  const names = serverNames(options.serverNames ?? defaultServerNames('localhost'))
  await release(certs, serverFiles(certs), await issueServer(issuer, names, now))

  async function client(
    name: string,
    variation: ClientVariation = 'good',
    kind: PrincipalKind = 'service',
  ): Promise<TestPair> {
    const template = varied(clientTemplate({ trustDomain, kind, name }, LIFETIME.client, now), variation, now)
    const signer =
      variation === 'other-ca' ? signerOf((await newAuthority(trustDomain, now)).issuing) : issuer
    const { certificate, keys } = await certify(template, signer)
    const cert = certificatePem(certificate) + certificatePem(signer.certificate)
    if (variation === 'revoked') await revoke(cert)
    return { cert, key: await privateKeyPem(keys.privateKey) }
  }

  async function writeClient(
    name: string,
    variation?: ClientVariation,
    kind?: PrincipalKind,
  ): Promise<CertificateFiles> {
    const { cert, key } = await client(name, variation, kind)
    const written = clientFiles(certs, name)
    await mkdir(written.directory, { recursive: true })
    await writeFile(written.certificate, cert)
    await writeFile(written.key, key, { mode: 0o600 })
    return written
  }

  async function revoke(...certificates: readonly string[]): Promise<void> {
    await rewrite(
      certificates.map((pem) => ({ serial: new X509Certificate(pem).serialNumber, at: now })),
      now + LIFETIME.issuingRevocationList,
    )
  }

  async function rewrite(added: readonly RevokedSerial[], nextUpdate: number): Promise<void> {
    const old = await issuingList(files)
    const thisUpdate = Math.min(now, nextUpdate) - 60_000
    const signer = await openSigner(files.issuing, files.issuingKey)
    const template = { number: old.number + 1n, entries: [...old.entries, ...added], thisUpdate, nextUpdate }
    await writeFile(files.revocationLists, (await signRevocationList(template, signer)) + old.rootList)
  }

  if (options.revocationLists === 'stale') await rewrite([], now - 1000)
  return {
    trustDomain,
    certs,
    files,
    serverFiles: serverFiles(certs),
    rootPem: await readFile(files.root, 'utf8'),
    issuingPem: await readFile(files.issuing, 'utf8'),
    server: {
      cert: await readFile(serverFiles(certs).certificate, 'utf8'),
      key: await readFile(serverFiles(certs).key, 'utf8'),
    },
    issuer,
    client,
    writeClient,
    trust: async (more = {}) => {
      const [roots, issuers] = [await readFile(files.root, 'utf8'), await readFile(files.issuing, 'utf8')]
      const revocationLists = await readFile(files.revocationLists, 'utf8')
      const trust = await readTrust({ trustDomain, roots, issuers, revocationLists })
      return { ...trust, issuers: trust.issuers.map((one) => Object.assign({}, one, more)) }
    },
    revocationLists: async () => await readFile(files.revocationLists, 'utf8'),
    revoke,
    resign: async (nextUpdate) => await rewrite([], nextUpdate),
  }
}

/** The certificate with one bit of its signature changed: everything it says is as it was. */
export function forged(certificate: string): string {
  const der = Buffer.from(new X509Certificate(certificate).raw)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  return pemOf('CERTIFICATE', der)
}

const HOUR = 3_600_000

/** The template of a good certificate, spoilt in one respect. */
function varied(good: CertificateTemplate, variation: ClientVariation, now: number): CertificateTemplate {
  const uri = good.names[0]?.value ?? ''
  switch (variation) {
    case 'good':
    case 'other-ca':
    case 'revoked':
      return good
    case 'expired':
      return { ...good, notBefore: now - 25 * HOUR, notAfter: now - HOUR }
    case 'not-yet-valid':
      return { ...good, notBefore: now + HOUR }
    case 'server-usage':
      return { ...good, purposes: ['serverAuth'] }
    case 'no-usage':
      return { ...good, purposes: [] }
    case 'ca':
      return { ...good, authority: { pathLength: 0 }, usages: ['digitalSignature', 'keyCertSign'] }
    case 'no-uri':
      return { ...good, names: [{ type: 'dns', value: 'client.example' }] }
    case 'two-uris':
      return { ...good, names: [...good.names, { type: 'url', value: uri.replace(/[^/]+$/, 'second') }] }
    case 'other-trust-domain':
      return {
        ...good,
        names: [{ type: 'url', value: uri.replace(/^spiffe:\/\/[^/]+/, 'spiffe://elsewhere.example') }],
      }
    case 'bad-name':
      return { ...good, names: [{ type: 'url', value: uri.replace(/[^/]+$/, 'Not_A_Name!') }] }
  }
}

/** The issuing CA's list in `crl.pem`, and the root's as it stands there. */
async function issuingList(files: AuthorityFiles): Promise<{
  readonly number: bigint
  readonly entries: readonly RevokedSerial[]
  readonly rootList: string
}> {
  const pem = await readFile(files.revocationLists, 'utf8')
  const authorities = await Promise.all(
    [files.issuing, files.root].map(async (path) => new X509Certificate(await readFile(path))),
  )
  const [list] = await parseRevocationLists(pem, authorities)
  if (list === undefined) throw new Error('crl.pem holds no list')
  return { ...list, rootList: pem.slice(pem.indexOf('-----BEGIN', 1)) }
}
