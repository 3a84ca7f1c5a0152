import type { Catalog } from './catalog.ts'

/** Kinds of lists that clients keep. */
export type ListKind = 'tools' | 'prompts' | 'resources'

/** A catalog that changes while the server runs: what is served now, and who wants to be told of another one. */
export interface CatalogSource {
  /** The same object until something changes; kept lists hang on it. */
  current(): Catalog
  /**
   * Tells of lists that have changed, after they have, until the function it returns is called; with a principal where they
   * have changed for that one alone. Callers may be told that a list has changed although what they see of it is the same;
   * never the other way around.
   */
  follow(told: (kinds: readonly ListKind[], principal?: string) => void): () => void
}

/** A catalog that stays as it is. */
export function fixedCatalog(catalog: Catalog): CatalogSource {
  return { current: () => catalog, follow: () => () => undefined }
}
