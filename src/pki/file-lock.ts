import { randomUUID } from 'node:crypto'
import { readFile, link, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { errnoOf, SallyportError } from '../errors.ts'

/** With the pauses below about ten seconds, hundreds of times what an edit takes. */
const TRIES = 500
const PAUSE = 10
const JITTER = 20

/**
 * Runs `work` while holding `<path>.lock`, which appears in one step with host, process id, a random id and start of
 * its owner in it. A lock whose process is gone (on this host) is taken over. Not to be nested for one path.
 *
 * Fails closed: a lock whose owner cannot be judged (another host, another container, unreadable) is waited for, and
 * never broken.
 *
 * @throws SallyportError `TOO_BUSY` if the lock does not come free in about ten seconds
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const id = randomUUID()
  const owner = `${hostname()} ${process.pid} ${id} ${(await startOf(process.pid)) ?? '-'}\n`
  const ticket = `${lock}.${id}`
  await acquire(lock, owner, ticket)
  try {
    return await work()
  } finally {
    if ((await ownerOf(lock)) === owner) await unlink(lock)
  }
}

/** @param ticket a file with the owner in it, which is linked to where it counts: a link appears whole or not at all */
async function acquire(lock: string, owner: string, ticket: string): Promise<void> {
  try {
    await writeFile(ticket, owner, { flag: 'wx', mode: 0o600 })
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (await linked(ticket, lock)) return
      const holder = await ownerOf(lock)
      if (holder !== undefined && (await isGone(holder))) await takeAway(lock, holder, ticket)
      else await wait(PAUSE + Math.random() * JITTER)
    }
  } finally {
    // On a full disk there may be an empty one, or none.
    await unlink(ticket).catch(() => undefined)
  }
  throw new SallyportError(
    'TOO_BUSY',
    `${lock} is held by another command (host and process: ${(await ownerOf(lock))?.trim() ?? 'unknown'}): ` +
      'try again, or delete the file if no such process runs',
  )
}

async function linked(ticket: string, path: string): Promise<boolean> {
  try {
    await link(ticket, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function ownerOf(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the owner was a process of this host that no longer runs; its id may be another process's by now. */
async function isGone(owner: string): Promise<boolean> {
  const { host, pid, start } = partsOf(owner)
  if (host !== hostname() || !/^[1-9][0-9]*$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return errnoOf(error) === 'ESRCH'
  }
  const now = await startOf(Number(pid))
  return now !== undefined && /^[0-9]+$/.test(start) && now !== start
}

/**
 * Removes the lock of a dead owner. Only who holds the one right to remove this owner's lock may do so, so that nobody
 * ever removes the lock of a living one that came after it; the right of one who died holding it goes the same way.
 */
async function takeAway(lock: string, dead: string, ticket: string): Promise<void> {
  const { id } = partsOf(dead)
  if (!/^[0-9a-f-]{1,36}$/.test(id)) return
  const right = `${lock}.${id}.gone`
  if (!(await linked(ticket, right))) {
    const other = await ownerOf(right)
    if (other !== undefined && (await isGone(other))) await takeAway(right, other, ticket)
    return
  }
  if ((await ownerOf(lock)) === dead) await unlink(lock)
  await unlink(`${lock}.${id}`).catch(() => undefined)
  await unlink(right)
}

function partsOf(owner: string): Readonly<Record<'host' | 'pid' | 'id' | 'start', string>> {
  const [host = '', pid = '', id = '', start = ''] = owner.trim().split(' ')
  return { host, pid, id, start }
}

/** When a process began, in ticks since the machine did (proc(5)); `undefined` where the system does not say. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
