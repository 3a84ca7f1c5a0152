import { link, open, unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'

/**
 * Writes a file that must not exist yet, whole or not at all: a temporary file beside it, fsynced, then linked to the
 * name, which fails with `EEXIST` if somebody was faster.
 */
export async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
    await link(temporary, path)
  } finally {
    await file.close()
    await unlink(temporary)
  }
}
