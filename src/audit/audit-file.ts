import { constants, fstatSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Where the system knows it, a write returns when its data is on the disk: one call less for every commit. */
const { O_WRONLY, O_CREAT, O_EXCL } = constants
const O_DSYNC: number | undefined = constants.O_DSYNC

/** One file that only grows, and only by whole, durable pieces. */
export interface AuditFile {
  /**
   * Resolves once `data` is on the disk. If it rejects, nothing of `data` is left in the file, or `append` rejects
   * until that is so.
   */
  append(data: Buffer): Promise<void>
  /** Whether the file still has a name; what is written to one that was deleted is lost. */
  isLinked(): boolean
  /** Bytes that are durable. */
  size(): number
  close(): Promise<void>
}

/**
 * Makes a new file (mode 0600, its folder 0700 if that is missing) and its entry in the folder durable.
 *
 * Fails closed: a file that exists already is not written to.
 */
export async function createAuditFile(path: string): Promise<AuditFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | (O_DSYNC ?? 0), 0o600)
  await syncFolder(dirname(path)).catch(async (error: unknown) => {
    await handle.close()
    throw error
  })
  return growing(handle)
}

function growing(handle: FileHandle): AuditFile {
  let good = 0
  let torn = false
  const rewind = async (): Promise<void> => {
    torn = true
    await handle.truncate(good)
    torn = false
  }
  const append = async (data: Buffer): Promise<void> => {
    if (torn) await rewind()
    try {
      await writeAt(handle, data, good)
      if (O_DSYNC === undefined) await handle.datasync()
      good += data.length
    } catch (error) {
      // What cannot be taken back now is taken back before the next piece.
      await rewind().catch(() => undefined)
      throw error
    }
  }
  // What the kernel has in memory anyway costs less than a turn of the thread pool.
  const isLinked = (): boolean => fstatSync(handle.fd).nlink > 0
  return { append, isLinked, size: () => good, close: () => handle.close() }
}

async function writeAt(handle: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done)
    done += bytesWritten
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
