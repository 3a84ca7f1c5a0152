import { createHash } from 'node:crypto'
import { constants, watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Policy } from '../access/decision.ts'
import { parseAccessDocument } from '../access/document.ts'
import { createPolicy } from '../access/policy.ts'
import { isSallyportError, SallyportError } from '../errors.ts'

/** Ms between the two reads that must be identical, so that a file that is being written is not taken. */
const SETTLE = 20
/** So many reads in a row that differ, and the rest is left to the next change or poll. */
const TRIES = 50
/** Ms between looks at the file where the system reports no changes (network and container mounts). */
const POLL = 2000

/** Who hears of changes. Neither may throw. */
export interface PolicyFileEvents {
  /** A policy is in force that was not before, or is again what the file says after a problem. */
  onLoaded(policy: Policy): void
  /** The file was refused and the old policy stays; once per problem. */
  onRejected(problem: string): void
}

/** The access policy of a file, kept up to date. */
export interface PolicyFile {
  current(): Policy
  /** Why the file as it is now is not what is in force; null while it is. */
  lastProblem(): string | null
  close(): void
}

/** What a look at the file gave: its text, or why there is none. */
type Reading = { readonly text: string } | { readonly problem: string }
type Verdict = { readonly policy: Policy } | { readonly problem: string }

/**
 * Loads the access policy of a file and follows its changes.
 *
 * Fails closed: a file that is broken, half written or gone is refused, and the policy that was in force stays.
 *
 * @throws SallyportError `POLICY_INVALID` if there is no good policy to begin with
 */
export async function policyFile(path: string, events: PolicyFileEvents): Promise<PolicyFile> {
  const first = await settled(path, undefined)
  const begun = judge(first ?? { problem: `${path} keeps changing: try again` }, path)
  if ('problem' in begun) throw new SallyportError('POLICY_INVALID', begun.problem)
  let policy = begun.policy
  let seen = first
  let problem: string | null = null

  const look = async (): Promise<void> => {
    const reading = await settled(path, seen)
    if (reading === undefined || stop.signal.aborted) return
    seen = reading
    const verdict = judge(reading, path)
    if ('problem' in verdict) events.onRejected((problem = verdict.problem))
    else if (problem !== null || verdict.policy.digest !== policy.digest) {
      problem = null
      events.onLoaded((policy = verdict.policy))
    }
  }
  const stop = new AbortController()
  follow(path, oneAtATime(look), stop.signal)
  return { current: () => policy, lastProblem: () => problem, close: () => stop.abort() }
}

/**
 * Reads until two reads in a row are identical. `undefined` if the file is as it was `seen` before, or does not come
 * to rest.
 */
async function settled(path: string, seen: Reading | undefined): Promise<Reading | undefined> {
  let last = await read(path)
  if (seen !== undefined && isSame(last, seen)) return undefined
  for (let attempt = 0; attempt < TRIES; attempt++) {
    await wait(SETTLE)
    const next = await read(path)
    if (isSame(next, last)) return next
    last = next
  }
  return undefined
}

async function read(path: string): Promise<Reading> {
  try {
    return await readRegular(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return {
      problem: `${path} cannot be read (${code}): put it back, or "npx sallyport init" makes a new one`,
    }
  }
}

/** No policy is larger than this many bytes. */
const LARGEST = 1_048_576

/** Neither waits at a pipe nor fills the memory with whatever stands in the file's place. */
async function readRegular(path: string): Promise<Reading> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await file.stat()
    if (!found.isFile()) return { problem: `${path} is not a regular file: put the access policy there` }
    if (found.size > LARGEST) return { problem: `${path} is larger than ${LARGEST} bytes: no policy is` }
    return { text: await file.readFile('utf8') }
  } finally {
    await file.close()
  }
}

function isSame(one: Reading, other: Reading): boolean {
  return 'text' in one && 'text' in other
    ? one.text === other.text
    : 'problem' in one && 'problem' in other && one.problem === other.problem
}

function judge(reading: Reading, path: string): Verdict {
  if ('problem' in reading) return reading
  try {
    const digest = `sha256:${createHash('sha256').update(reading.text).digest('hex')}`
    return { policy: createPolicy(parseAccessDocument(reading.text, path), digest) }
  } catch (error) {
    // Whatever it is, it is no reason to stop: the old policy stays.
    const why = error instanceof Error ? error.message : String(error)
    return { problem: isSallyportError(error) ? why : `${path} cannot be judged: ${why}` }
  }
}

/** Calls `look` on every change in the file's folder, which also sees renames, and on a slow poll. */
function follow(path: string, look: () => void, signal: AbortSignal): void {
  const poll = setInterval(look, POLL).unref()
  signal.addEventListener('abort', () => clearInterval(poll))
  try {
    // Where watching fails, now or later, the poll is left.
    watch(dirname(path), { persistent: false, signal }, look).on('error', () => undefined)
  } catch {
    return
  }
}

/** Runs `work` once more after it ends if it was called meanwhile, and never twice at once. */
function oneAtATime(work: () => Promise<void>): () => void {
  let running = false
  let again = false
  const run = async (): Promise<void> => {
    running = true
    do {
      again = false
      await work()
    } while (again)
    running = false
  }
  return () => {
    if (running) again = true
    else void run()
  }
}
