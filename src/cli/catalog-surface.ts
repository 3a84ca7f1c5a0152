import type { Surface } from '../access/surface.ts'
import type { Config } from '../config/config.ts'
import type { Catalog, CatalogParts } from '../mcp/catalog.ts'
import { surfaceOf } from '../mcp/surface-of.ts'
import { ownNamesOf, type OwnNames, type UpstreamsWanted } from '../mcp/upstreams/approved-pins.ts'
import type { Definition } from '../mcp/upstreams/definition.ts'
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
  /** Whole servers of this process, and what they list by now. */
  readonly servers: Pick<UpstreamsWanted, 'options' | 'pins'>
  /**
   * Takes what a server of this process has from now on; false for what is none.
   *
   * @throws SallyportError `CATALOG_INVALID` for what does not fit; what it had before stays
   */
  relist(server: string, definitions: readonly Definition[]): boolean
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
  const withUpstreams = (wanted: UpstreamsWanted): LookedAtCatalog => {
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
  }
  let pins = await pinsOfServers(options)
  return {
    parts,
    servers: {
      options,
      get pins() {
        return pins
      },
    },
    relist(server, definitions) {
      if (!options.some((one) => one.name === server)) return false
      const relisted = { upstreams: new Map([...pins.upstreams, [server, definitions]]) }
      withUpstreams({ options, pins: relisted, misfits: [] })
      pins = relisted
      return true
    },
    names,
    withUpstreams,
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
