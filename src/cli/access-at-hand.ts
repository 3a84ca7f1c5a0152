import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readPolicy, type ReadPolicy } from '../access/read-policy.ts'
import type { Surface } from '../access/surface.ts'
import type { Config } from '../config/config.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import type { Catalog } from '../mcp/catalog.ts'
import { catalogSurface } from './catalog-surface.ts'
import { configuration } from './configuration.ts'
import { ownAuthority, type OwnAuthority } from './own-authority.ts'
import { shortPath } from './short-path.ts'

/** What this installation serves, and a policy of it: the server's own, or one that is to become it. */
export interface AccessAtHand extends ReadPolicy {
  readonly config: Config
  readonly authority: OwnAuthority
  /** The file of the policy, as people write it. */
  readonly file: string
  readonly catalog: Catalog
  readonly surface: Surface
}

/**
 * Reads a policy as the server would, for what the server would serve.
 *
 * @param candidate path of another policy than the configured one
 * @throws SallyportError `CONFIGURATION_INVALID`, `CATALOG_INVALID`, `NOT_FOUND` without the file, `POLICY_INVALID`
 *   with every fault of it, one per line
 */
export async function accessAtHand(candidate?: string): Promise<AccessAtHand> {
  const config = configuration()
  const { catalog, surface } = await catalogSurface(config)
  const read = await policyIn(candidate ?? config.access, surface)
  return { config, authority: ownAuthority(config), catalog, surface, ...read }
}

/**
 * Reads one policy.
 *
 * @throws SallyportError `NOT_FOUND`, `POLICY_INVALID`
 */
export async function policyIn(
  path: string,
  surface: Surface,
): Promise<ReadPolicy & { readonly file: string }> {
  const file = shortPath(resolve(path))
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = errnoOf(cause) === 'ENOENT' ? 'is not there' : `cannot be read (${errnoOf(cause)})`
    throw new SallyportError('NOT_FOUND', `the access policy ${file} ${why}: check its path`, { cause })
  })
  return { file, ...readPolicy(text, file, surface) }
}
