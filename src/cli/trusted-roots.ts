import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/config.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { keptSession } from './session-file.ts'

/** Where to look for the roots of a server. */
export interface TrustOptions {
  /** Of the server. */
  readonly origin: string
  /** The file that was named. */
  readonly ca: string | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * The roots by which a server for people is verified, PEM: the file that was named, else the CA of the installation in
 * the working directory, else what was trusted at the last login there; null for the roots of the system.
 *
 * @throws SallyportError `NOT_FOUND` or `CERTIFICATE_INVALID` for a file that was named
 */
export async function trustedRoots({ origin, ca, cwd, env }: TrustOptions): Promise<string | null> {
  if (ca !== undefined) return readRoots(ca)
  const installed = installedRoot(cwd, env)
  if (installed !== undefined) return readRoots(installed)
  // What is unfit there is replaced by the login.
  const kept = await keptSession(origin, env).catch(() => undefined)
  return kept?.ca ?? null
}

function installedRoot(cwd: string, env: TrustOptions['env']): string | undefined {
  if (env['SALLYPORT_CONFIG'] === undefined && !existsSync(join(cwd, 'sallyport.yaml'))) return undefined
  const { root } = authorityFiles(loadConfig(env, cwd).certificates)
  return existsSync(root) ? root : undefined
}

async function readRoots(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `${path} cannot be read (${errnoOf(cause)}): name the root certificate of the server`
    throw new SallyportError('NOT_FOUND', message, { cause })
  })
  if (isCertificate(text)) return text
  throw new SallyportError(
    'CERTIFICATE_INVALID',
    `${path} is no certificate: name the root certificate of the server, certs/ca/root.pem where its CA is`,
  )
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
