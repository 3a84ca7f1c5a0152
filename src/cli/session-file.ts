import { constants, type Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { slotOfToken } from '../auth/session-token.ts'
import { openToOthers } from '../config/installed-file.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { replaceFile } from '../pki/files.ts'
import { configurationHome } from './configuration-home.ts'

/** A session that `sallyport login` keeps for one server. */
export interface KeptSession {
  /** Origin of the server: `https://door.example:8444`. */
  readonly server: string
  /** The root certificates that the server was verified by, PEM; null for those of the system. */
  readonly ca: string | null
  readonly user: string
  /** A secret. */
  readonly token: string
  /** ISO 8601: the latest end. */
  readonly expiresAt: string
}

type Environment = Readonly<Record<string, string | undefined>>

const SHAPE = z.strictObject({
  version: z.literal(1),
  server: z.string().max(300),
  ca: z.string().max(1_000_000).nullable(),
  user: z.string().max(255),
  token: z.string().refine((token) => slotOfToken(token) !== undefined),
  expiresAt: z.iso.datetime(),
})

/** More than a session and a bundle of roots, in bytes. */
const LONGEST = 1_100_000
const SUFFIX = '.json'

/** Where the session for a server is kept. */
export function sessionFile(origin: string, env: Environment): string {
  const { hostname, port } = new URL(origin)
  const name = `${hostname.replaceAll(/[^a-z0-9.-]/g, '_')}_${port === '' ? '443' : port}`
  return join(sessionsFolder(env), `${name}${SUFFIX}`)
}

/**
 * The session that is kept for a server; `undefined` if there is none.
 *
 * Fails closed: a file that others can read or have made, a link, one that is no session or of another server is an
 * error that says what to do, and nothing of it is used.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`
 */
export async function keptSession(origin: string, env: Environment): Promise<KeptSession | undefined> {
  const path = sessionFile(origin, env)
  const session = await readKept(path)
  if (session === undefined || session.server === origin) return session
  throw unfit(path, `is of another server (${session.server.slice(0, 80)})`)
}

/** What is kept for this user. */
export interface KeptSessions {
  readonly sessions: readonly KeptSession[]
  /** What is to be said of the files among them that are no good. */
  readonly faults: readonly SallyportError[]
}

/** All sessions that are kept, by server. */
export async function keptSessions(env: Environment): Promise<KeptSessions> {
  const folder = sessionsFolder(env)
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).toSorted()
  const sessions: KeptSession[] = []
  const faults: SallyportError[] = []
  for (const name of files)
    try {
      const session = await readKept(join(folder, name))
      if (session !== undefined) sessions.push(session)
    } catch (error) {
      if (!(error instanceof SallyportError)) throw error
      faults.push(error)
    }
  return { sessions, faults }
}

/**
 * Keeps a session, in place of the one that was kept for that server: for its owner alone (0600), and never half of it.
 *
 * @returns where
 * @throws SallyportError `STORE_UNAVAILABLE` if it cannot be written
 */
export async function keepSession(session: KeptSession, env: Environment): Promise<string> {
  const path = sessionFile(session.server, env)
  await mkdir(sessionsFolder(env), { recursive: true, mode: 0o700 })
  // What is no file of ours is replaced, not followed or copied from.
  const old = await lstat(path).catch(() => undefined)
  if (old !== undefined && faultIn(old) !== undefined) await rm(path, { recursive: true })
  await replaceFile(path, {
    content: `${JSON.stringify({ version: 1, ...session }, null, 2)}\n`,
    secret: true,
  })
  return path
}

/** Removes the session that is kept for a server; whether there was a file. */
export async function forgetSession(origin: string, env: Environment): Promise<boolean> {
  return rm(sessionFile(origin, env)).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

function sessionsFolder(env: Environment): string {
  return join(configurationHome(env), 'sessions')
}

async function readKept(path: string): Promise<KeptSession | undefined> {
  const text = await textOf(path)
  if (text === undefined) return undefined
  const read = SHAPE.safeParse(parsed(text))
  if (!read.success) throw unfit(path, 'is no session as "sallyport login" keeps one')
  const { version: _, ...session } = read.data
  return session
}

/** What is looked at is what is read: the file is opened first. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = await file.stat()
    const fault = faultIn(stats)
    if (fault !== undefined) throw unfit(path, fault)
    const [openness] = openToOthers('the session', path, stats.mode)
    if (openness !== undefined) throw new SallyportError('CONFIGURATION_INVALID', openness)
    return await file.readFile('utf8')
  } catch (cause) {
    if (cause instanceof SallyportError) throw cause
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const what = code === 'ELOOP' ? 'is a link' : `cannot be read (${code})`
    throw unfit(path, what, cause)
  }
}

function faultIn(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is no file'
  if (process.getuid !== undefined && stats.uid !== process.getuid()) return 'is of another user'
  return stats.size > LONGEST ? 'is too long' : undefined
}

function unfit(path: string, what: string, cause?: unknown): SallyportError {
  const message = `the session ${path} ${what}: remove it, and log in again with "sallyport login"`
  return new SallyportError('CONFIGURATION_INVALID', message, { cause })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
