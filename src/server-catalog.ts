import { patternsOf } from './access/permission.ts'
import { createCatalog, type Catalog, type CatalogParts } from './mcp/catalog.ts'
import { fixedCatalog } from './mcp/catalog-source.ts'
import { resourceChanges } from './mcp/resource-changes.ts'
import type { CatalogSource, ListKind } from './mcp/catalog-source.ts'
import type { NoteStore } from './tools/note-store.ts'
import { notePrompt, noteResource, noteTools } from './tools/notes.ts'
import { timeNow } from './tools/time.ts'
import { whoami } from './tools/whoami.ts'

/** What each principal may keep in notes. */
const NOTE_QUOTA = { notes: 100, bytes: 1024 * 1024 }

/**
 * The built-in tools, prompts and resources, and those that are added to them.
 *
 * @param now ms since the epoch
 * @throws SallyportError `CATALOG_INVALID`
 */
export function serverCatalog(store: NoteStore, parts: CatalogParts | undefined, now: () => number): Catalog {
  return createCatalog(serverParts(store, parts, now))
}

/** Tools, prompts and resources that change while the server runs. */
export interface ChangingParts {
  /** The same object until something changes. Nothing in it has a name that something else has, here or built in. */
  parts(): CatalogParts
  /** Tells of lists that have changed, after they have, until the function it returns is called. */
  follow(told: (kinds: readonly ListKind[], principal?: string) => void): () => void
}

/**
 * The same, and those that change.
 *
 * @param now ms since the epoch
 * @throws SallyportError `CATALOG_INVALID`; so does `current` of what it returns, for parts that do not fit
 */
export function serverCatalogSource(
  store: NoteStore,
  parts: CatalogParts | undefined,
  changing: ChangingParts | undefined,
  now: () => number,
): CatalogSource {
  const own = serverParts(store, parts, now)
  if (changing === undefined) return fixedCatalog(createCatalog(own))
  const made = (of: CatalogParts) => ({ of, catalog: createCatalog(joined(own, of)) })
  let kept = made(changing.parts())
  return {
    current() {
      const of = changing.parts()
      if (of !== kept.of) kept = made(of)
      return kept.catalog
    },
    follow: (told) => changing.follow(told),
  }
}

function joined(one: CatalogParts, other: CatalogParts): CatalogParts {
  return {
    tools: [...(one.tools ?? []), ...(other.tools ?? [])],
    prompts: [...(one.prompts ?? []), ...(other.prompts ?? [])],
    resources: [...(one.resources ?? []), ...(other.resources ?? [])],
  }
}

function serverParts(store: NoteStore, parts: CatalogParts | undefined, now: () => number): CatalogParts {
  const notes = { store, changes: resourceChanges(), quota: NOTE_QUOTA, now }
  return {
    tools: [
      whoami(({ permissions }) => patternsOf(permissions)),
      timeNow(now),
      ...noteTools(notes),
      ...(parts?.tools ?? []),
    ],
    prompts: [notePrompt(notes), ...(parts?.prompts ?? [])],
    resources: [noteResource(notes), ...(parts?.resources ?? [])],
  }
}
