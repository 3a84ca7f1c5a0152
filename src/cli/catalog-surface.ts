import type { Surface } from '../access/surface.ts'
import type { Config } from '../config/config.ts'
import type { Catalog, CatalogParts } from '../mcp/catalog.ts'
import { surfaceOf } from '../mcp/surface-of.ts'
import { serverCatalog } from '../server-catalog.ts'
import { OFFLINE_NOTES } from '../tools/offline-notes.ts'
import { loadCatalog } from './load-catalog.ts'

/** What this installation serves beside the built-in tools, and what the access policy may know of all of it. */
export interface LoadedCatalog {
  readonly parts: CatalogParts
  /** All of it, to be looked at only. */
  readonly catalog: Catalog
  readonly surface: Surface
}

/**
 * Loads the modules that the configuration names; nothing of them is run.
 *
 * @throws SallyportError `CATALOG_INVALID`
 */
export async function catalogSurface({ tools }: Pick<Config, 'tools'>): Promise<LoadedCatalog> {
  const parts = await loadCatalog(tools)
  const catalog = serverCatalog(OFFLINE_NOTES, parts, Date.now)
  return { parts, catalog, surface: surfaceOf(catalog) }
}
