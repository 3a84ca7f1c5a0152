import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { isSallyportError } from '../errors.ts'
import { chainFaults } from './check-certificates.ts'
import { serverFaults } from './check-server.ts'
import type { Config } from './config.ts'
import { installedFile, secrecyFaults } from './installed-file.ts'
import type { InstalledFile } from './installed-file.ts'
import { nodeVersionFault } from './node-version.ts'
import { trustFiles, type TrustFiles } from './trust-files.ts'

const REVOCATION_LIST = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/

/**
 * What keeps the server from serving with this configuration: one sentence each, what is wrong, where, and what to do.
 * Empty if nothing does. Looks at every file, changes none.
 *
 * @param nodeVersion as `process.version` has it
 * @param now ms since the epoch
 */
export function installationFaults(config: Config, nodeVersion: string, now: number): string[] {
  const { tls } = config
  const certificate = installedFile('the server certificate', tls.certificate, config.trust.own)
  const key = installedFile('the private key of the server', tls.key, config.trust.own)
  const access = installedFile('the access policy', config.access)
  return [
    ...[nodeVersionFault(nodeVersion) ?? []].flat(),
    ...[certificate, key, access].flatMap(({ faults }) => faults),
    ...secrecyFaults(key.what, key.path),
    ...serverFaults(certificate, key, now),
    ...trustFaults(config, now, installedFile),
    ...secretFaults(config),
  ]
}

/**
 * What keeps it from judging the certificates of clients.
 *
 * @param now ms since the epoch
 * @param read as {@link installedFile} does
 * @param isInForce whether a CA is trusted already: nothing is gained by what is older when its time is over
 */
export function trustFaults(
  config: Config,
  now: number,
  read: typeof installedFile,
  isInForce: (certificate: X509Certificate) => boolean = () => false,
): string[] {
  return trustFiles(config.trust).flatMap((files) => authorityFaults(files, config, now, read, isInForce))
}

function authorityFaults(
  { whose, ...files }: TrustFiles,
  config: Config,
  now: number,
  read: typeof installedFile,
  isInForce: (certificate: X509Certificate) => boolean,
): string[] {
  const file = (what: string, path: string): InstalledFile =>
    read(`the file of ${what}${whose}`, path, whose === '')
  const roots = file('root certificates', files.roots)
  const issuers = file('issuing certificates', files.issuers)
  const lists = files.revocationLists === null ? [] : [file('revocation lists', files.revocationLists)]
  return [
    ...[roots, issuers, ...lists].flatMap(({ faults }) => faults),
    ...chainFaults(roots, issuers, now, isInForce),
    ...domainFaults(config, issuers),
    ...lists.flatMap(listFaults),
  ]
}

/** Our own CA names its trust domain; one that is foreign says nothing about ours. */
function domainFaults({ trustDomain, certificates }: Config, { path, text }: InstalledFile): string[] {
  if (text === undefined || path !== join(certificates, 'ca', 'issuing.pem')) return []
  const domain = organizationOf(text)
  if (domain === undefined || domain === trustDomain) return []
  return [
    `the CA ${path} is of the trust domain "${domain}", and "${trustDomain}" is configured, so that its clients would be nobody: set trustDomain back, or make a new CA in another folder`,
  ]
}

function organizationOf(pem: string): string | undefined {
  try {
    return /^O=(.+)$/m.exec(new X509Certificate(pem).subject)?.[1]
  } catch {
    return undefined
  }
}

function listFaults({ what, path, text }: InstalledFile): string[] {
  if (text === undefined || REVOCATION_LIST.test(text)) return []
  return [`${what} ${path} holds no revocation list: PEM blocks "X509 CRL" are expected, one for each CA`]
}

function secretFaults({ sessions, sessionSecrets, factorKeys, auditTrail, identity }: Config): string[] {
  return [
    ...(auditTrail.keyFile === null ? [] : secrecyFaults('the audit key', auditTrail.keyFile)),
    ...(identity.keyFile === null ? [] : secrecyFaults('the identity key', identity.keyFile)),
    ...secrecyFaults('the key that signs the audit trail', auditTrail.signingKeyFile),
    ...faultsOfSecret('the session secret', sessions.secretFile, sessionSecrets),
    ...faultsOfSecret('the factor key', sessions.factorKeyFile, factorKeys),
  ]
}

function faultsOfSecret(what: string, file: string | null, read: () => readonly string[]): string[] {
  const secrecy = file === null ? [] : secrecyFaults(what, file)
  try {
    read()
    return secrecy
  } catch (error) {
    if (isSallyportError(error)) return [...secrecy, error.message]
    throw error
  }
}
