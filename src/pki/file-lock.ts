import { randomUUID } from 'node:crypto'
import { readFile, rename, link, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { SallyportError } from '../errors.ts'

/** With the pauses below about ten seconds, hundreds of times what an edit takes. */
const TRIES = 500
const PAUSE = 10
const JITTER = 20

/**
 * Runs `work` while holding `<path>.lock`, made with O_EXCL and holding host and process id of its owner. A lock whose
 * process is gone (on this host) is taken over.
 *
 * Fails closed: a lock whose owner cannot be judged (another host, another container, unreadable) is waited for, and
 * never broken.
 *
 * @throws SallyportError `TOO_BUSY` if the lock does not come free in about ten seconds
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const owner = `${hostname()} ${process.pid} ${randomUUID()}\n`
  await acquire(lock, owner)
  try {
    return await work()
  } finally {
    if ((await ownerOf(lock)) === owner) await unlink(lock)
  }
}

async function acquire(lock: string, owner: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (await created(lock, owner)) return
    const holder = await ownerOf(lock)
    if (holder !== undefined && isGone(holder)) await takeAway(lock, holder)
    else await wait(PAUSE + Math.random() * JITTER)
  }
  throw new SallyportError(
    'TOO_BUSY',
    `${lock} is held by another command (host and process: ${(await ownerOf(lock))?.trim() ?? 'unknown'}): ` +
      'try again, or delete the file if no such process runs',
  )
}

async function created(lock: string, owner: string): Promise<boolean> {
  try {
    await writeFile(lock, owner, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

async function ownerOf(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Whether the owner was a process of this host that no longer runs. */
function isGone(owner: string): boolean {
  const [host, pid] = owner.split(' ')
  if (host !== hostname() || pid === undefined || !/^[1-9][0-9]*$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return isErrno(error, 'ESRCH')
  }
}

/** Renames first, so that of several who see the same dead lock one removes it and none removes a living one. */
async function takeAway(lock: string, dead: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`
  await rename(lock, aside).catch(unless('ENOENT'))
  // Somebody was faster, and this is the lock of a living owner: it goes back.
  if ((await ownerOf(aside)) !== dead) await link(aside, lock).catch(unless('ENOENT', 'EEXIST'))
  await unlink(aside).catch(unless('ENOENT'))
}

/** Ignores the errors with one of `codes`. */
function unless(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.some((code) => isErrno(error, code))) throw error
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
