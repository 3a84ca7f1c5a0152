import { patternsOf } from './access/permission.ts'
import { createCatalog, type Catalog, type CatalogParts } from './mcp/catalog.ts'
import { resourceChanges } from './mcp/resource-changes.ts'
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
  const notes = { store, changes: resourceChanges(), quota: NOTE_QUOTA, now }
  return createCatalog({
    tools: [
      whoami(({ permissions }) => patternsOf(permissions)),
      timeNow(now),
      ...noteTools(notes),
      ...(parts?.tools ?? []),
    ],
    prompts: [notePrompt(notes), ...(parts?.prompts ?? [])],
    resources: [noteResource(notes), ...(parts?.resources ?? [])],
  })
}
