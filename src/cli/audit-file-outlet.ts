import { open } from 'node:fs/promises'
import { anchorOf } from './audit-anchor-text.ts'
import type { Outlet } from '../audit/mirror.ts'

/** Adds anchors to a file, each time opened anew, so that it may be moved away. Resolves once they are on its disk. */
export function fileOutlet(path: string): Outlet {
  return {
    name: `the anchor file ${path}`,
    async send(lines) {
      await using file = await open(path, 'a', 0o600)
      await file.appendFile(lines.map((line) => `${anchorOf(line)}\n`).join(''))
      await file.datasync()
    },
    close: async () => undefined,
  }
}
