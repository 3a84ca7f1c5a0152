import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { serverFaults } from '../config/check-server.ts'
import type { Config } from '../config/config.ts'
import type { InstalledFile } from '../config/installed-file.ts'
import { SallyportError } from '../errors.ts'
import type { TlsMaterial } from '../http/tls.ts'
import { followFiles, type FollowedFiles, type Verdict } from './followed-files.ts'

/** The server's own certificate and key; PEM. */
export interface ServerCertificate extends Pick<TlsMaterial, 'certificate' | 'key'> {
  /** In ms since the epoch. */
  readonly endsAt: number
}

/** No certificate with its chain, and no key, is larger than this many bytes. */
const LARGEST = 262_144
/** Certificate and key are two files: whoever replaces them has so many ms for it. */
const PATIENCE = 2_000

/**
 * The server's certificate and key, kept up to date.
 *
 * @param now ms since the epoch
 * @throws SallyportError `CONFIGURATION_INVALID` if they are not good to begin with
 */
export async function serverCertificate(
  { tls }: Pick<Config, 'tls'>,
  now: () => number,
): Promise<FollowedFiles<ServerCertificate>> {
  const certificate = { what: 'the server certificate', path: tls.certificate }
  const key = { what: 'the private key of the server', path: tls.key }
  const common = {
    largest: LARGEST,
    help: 'put it back, or "npm run issue-server-cert -- --replace" makes a new one',
  }
  return followFiles(
    {
      files: [
        { ...certificate, ...common, secret: false },
        { ...key, ...common, secret: true },
      ],
      judge(text) {
        const found = (file: typeof key): InstalledFile => ({ ...file, text: text(file.path), faults: [] })
        const faults = serverFaults(found(certificate), found(key), now())
        if (faults.length > 0) return { problem: faults.join('\n') }
        return taken(text(certificate.path), text(key.path), certificate.path)
      },
      patience: PATIENCE,
    },
    (problem) => new SallyportError('CONFIGURATION_INVALID', problem),
  )
}

/** Whatever else OpenSSL does not take is found out before it is needed. */
function taken(certificate: string, key: string, path: string): Verdict<ServerCertificate> {
  try {
    createSecureContext({ cert: certificate, key })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return {
      problem: `the server certificate ${path} is not taken by OpenSSL (${why}): put another one there`,
    }
  }
  return { value: { certificate, key, endsAt: new X509Certificate(certificate).validToDate.getTime() } }
}
