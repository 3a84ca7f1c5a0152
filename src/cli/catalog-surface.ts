import type { Surface } from '../access/surface.ts'
import type { Config } from '../config/config.ts'
import type { Catalog, CatalogParts } from '../mcp/catalog.ts'
import { surfaceOf } from '../mcp/surface-of.ts'
import { ownNamesOf, type OwnNames, type UpstreamsWanted } from '../mcp/upstreams/approved-pins.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { pinnedParts } from '../mcp/upstreams/pinned-parts.ts'
import { serverCatalog } from '../server-catalog.ts'
import { OFFLINE_NOTES } from '../tools/offline-notes.ts'
import { loadCatalog } from './load-catalog.ts'
import { pinsOfServers } from './pins-of-servers.ts'
import { readLockFile } from './lock-file.ts'
import { assertUpstreamNames } from './upstream-names.ts'
import { unreachableUpstreams } from './upstream-options.ts'

/** What this installation has of its own beside the built-in tools: what its modules export. */
export interface OwnCatalog {
  readonly parts: CatalogParts
  /** Whole servers of this process, and what they list. */
  readonly servers: Pick<UpstreamsWanted, 'options' | 'pins'>
  /** What no upstream may take. */
  readonly names: OwnNames
  /** Everything, with what is pinned of upstreams, to be looked at only. */
  withUpstreams(wanted: UpstreamsWanted): LookedAtCatalog
}

/** What there is to decide on. */
export interface LookedAtCatalog {
  readonly catalog: Catalog
  /** What the access policy may know of it. */
  readonly surface: Surface
}

/**
 * Loads the modules that the configuration names; nothing of them is run, but for whole servers, which are asked what
 * they have.
 *
 * @param given servers of this process beside those of modules
 * @throws SallyportError `CATALOG_INVALID`
 */
export async function ownCatalog(
  { tools }: Pick<Config, 'tools'>,
  given: readonly UpstreamOptions[] = [],
): Promise<OwnCatalog> {
  const { servers: exported, ...parts } = await loadCatalog(tools)
  const own = serverCatalog(OFFLINE_NOTES, parts, Date.now)
  const names = ownNamesOf(own)
  const options = [...exported, ...given]
  assertUpstreamNames(options, own)
  return {
    parts,
    servers: { options, pins: await pinsOfServers(options) },
    names,
    withUpstreams(wanted) {
      const pinned = pinnedParts(wanted, names)
      const catalog = serverCatalog(
        OFFLINE_NOTES,
        {
          tools: [...(parts.tools ?? []), ...(pinned.tools ?? [])],
          prompts: [...(parts.prompts ?? []), ...(pinned.prompts ?? [])],
          resources: [...(parts.resources ?? []), ...(pinned.resources ?? [])],
        },
        Date.now,
      )
      return { catalog, surface: surfaceOf(catalog) }
    },
  }
}

/**
 * Everything that this installation serves, as far as it can be known without asking an upstream: what is pinned of them.
 *
 * @throws SallyportError `CATALOG_INVALID`, `CONFIGURATION_INVALID` for upstreams or a lock file that cannot be taken
 */
export async function catalogSurface(
  config: Pick<Config, 'tools' | 'upstreams' | 'pins' | 'audit'>,
): Promise<LookedAtCatalog> {
  const own = await ownCatalog(config)
  const upstreams = unreachableUpstreams(config)
  assertUpstreamNames(upstreams, own.withUpstreams({ ...own.servers, misfits: [] }).catalog)
  return own.withUpstreams(
    withServers(own, { options: upstreams, pins: await readLockFile(config.pins.file) }),
  )
}

/** Upstreams of the configuration, and the servers of this process among them. */
export function withServers(
  { servers }: OwnCatalog,
  { options, pins }: Pick<UpstreamsWanted, 'options' | 'pins'>,
): UpstreamsWanted {
  return {
    options: [...options, ...servers.options],
    pins: { upstreams: new Map([...pins.upstreams, ...servers.pins.upstreams]) },
    misfits: [],
  }
}
