import type { X509Certificate } from 'node:crypto'
import { trustFaults } from '../config/check-installation.ts'
import type { Config } from '../config/config.ts'
import type { InstalledFile } from '../config/installed-file.ts'
import { trustPaths } from '../config/trust-files.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { pemBlocks } from '../pki/pem.ts'
import type { RevocationList } from '../pki/read-crl.ts'
import { readTrustAndLists, type TrustAndLists } from '../trust.ts'
import type { CrlNumbers } from './crl-numbers.ts'
import { followFiles, type FollowedFiles } from './followed-files.ts'
import { tlsAuthorities, trustMaterial } from './trust-material.ts'

/** What is trusted, as its files say it. */
export interface FollowedTrust extends TrustAndLists {
  /** The CAs whose client certificates TLS accepts; PEM. */
  readonly authorities: readonly string[]
}

/** A revocation list of some 150,000 entries has so many bytes. */
const LARGEST = 16_777_216
/** Roots, issuers and lists are several files: whoever replaces them has so many ms for it. */
const PATIENCE = 2_000

/** Tells what is in force from what is to come. */
export interface AuthorityOptions {
  readonly numbers: Pick<CrlNumbers, 'faultsOf'>
  /** Ms since the epoch. */
  readonly now: () => number
}

/**
 * The files of what `config` trusts, kept up to date as one: roots, issuers and revocation lists.
 *
 * Fails closed: beside what `readTrust` refuses, a list that is older than one that was in force, and one that is not
 * to be used yet, are refused; one that has ended is no reason to give up one that has not. A CA whose time is over, and
 * of which nothing is believed any more, keeps no newer list of another out.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if they are not good to begin with
 */
export async function followedAuthority(
  config: Config,
  { numbers, now }: AuthorityOptions,
): Promise<FollowedFiles<FollowedTrust>> {
  const paths = trustPaths(config.trust)
  const common = { what: 'the trust file', largest: LARGEST, secret: false, help: 'put it back' }
  return followFiles(
    {
      files: paths.map((path) => ({ ...common, path })),
      async judge(text, inForce) {
        const found = (what: string, path: string): InstalledFile => ({
          what,
          path,
          text: text(path),
          faults: [],
        })
        const known = new Set(
          inForce?.authorities.flatMap(pemBlocks).map(({ der }) => der.toString('base64')),
        )
        const faults = trustFaults(config, now(), found, ({ raw }) => known.has(raw.toString('base64')))
        if (faults.length > 0) return { problem: faults.join('\n') }
        const material = trustMaterial(config, text)
        const read = await readTrustAndLists(material).catch((error: unknown) => located(error, paths))
        const later = [
          ...numbers.faultsOf(read.lists, read.unlisted),
          ...timeFaults(read.lists, inForce?.lists ?? [], now()),
        ]
        if (later.length > 0)
          return { problem: later.map((fault) => `${fault} (${paths.join(', ')})`).join('\n') }
        return { value: { ...read, authorities: tlsAuthorities(material) } }
      },
      patience: PATIENCE,
    },
    (problem) => new SallyportError('CONFIGURATION_INVALID', problem),
  )
}

/** Says which files it was: whoever reads texts knows no paths. */
function located(error: unknown, paths: readonly string[]): never {
  if (!isSallyportError(error)) throw error
  throw new SallyportError(error.code, `${error.message} (${paths.join(', ')})`, { cause: error })
}

/** RFC 5280, 5.1.2.4 and 5.1.2.5. A list that has ended may be in force, and then refuses everybody; not after one that has not. */
function timeFaults(
  lists: readonly RevocationList[],
  inForce: readonly RevocationList[],
  now: number,
): readonly string[] {
  const isFresh = (issuer: X509Certificate): boolean =>
    inForce.some((list) => list.issuer.raw.equals(issuer.raw) && now < list.nextUpdate)
  return lists.flatMap(({ issuer, thisUpdate, nextUpdate }) => {
    const name = `the revocation list of "${issuer.subject.replaceAll('\n', ', ')}"`
    if (thisUpdate > now)
      return [`${name} is of ${new Date(thisUpdate).toISOString()}, which is to come: check the clock`]
    if (nextUpdate <= now && isFresh(issuer))
      return [`${name} ended at ${new Date(nextUpdate).toISOString()}: have it signed anew`]
    return []
  })
}
