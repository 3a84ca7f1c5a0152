import { setTimeout as wait } from 'node:timers/promises'
import { isSallyportError } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { FollowedFile, Reading } from './read-followed.ts'
import { areSame, settledFiles } from './settled-files.ts'
import { every, watchFiles } from './watch-files.ts'

/** Ms between looks while what is refused may still become good. */
const PAUSE = 100
/** Ms after which what is refused is judged anew: it may only have been early, by a clock that is ahead of ours. */
const ANEW = 60_000

/** What judging gives: what the files mean, with why not all of it could be taken; or why they are refused. */
export type Verdict<T> = { readonly value: T; readonly lacks?: string } | { readonly problem: string }

/** Files that make sense together only, and what they mean. */
export interface FileSet<T> {
  /** They need not be in one folder. */
  readonly files: readonly FollowedFile[]
  /**
   * Says what the files mean. What it throws refuses them, too.
   *
   * @param text of a file by its path; only called once all could be read
   * @param inForce what was taken last; undefined at first
   */
  readonly judge: (text: (path: string) => string, inForce: T | undefined) => Verdict<T> | Promise<Verdict<T>>
  /**
   * For so many ms what is refused may still become good before that is said: several files are not replaced in one
   * step.
   */
  readonly patience: number
}

/** Who hears of changes. */
export interface FileEvents<T> {
  /**
   * Something is in force that was not before, or is again what the files say after a problem. What it throws refuses
   * the files all the same.
   */
  onLoaded(value: T): void
  /**
   * The files were refused and what was in force stays; once per problem. May not throw.
   *
   * @param isPartly only some of what they mean was, after the rest was loaded
   */
  onRejected(problem: string, isPartly: boolean): void
}

/** What files mean, kept up to date. */
export interface FollowedFiles<T> {
  current(): T
  /** Why the files as they are now are not what is in force; null while they are. */
  lastProblem(): string | null
  /** Follows from now on. */
  follow(events: FileEvents<T>): void
  /** Judges the files anew now, whether or not they have changed. Without effect before `follow`. */
  look(): void
  close(): void
}

interface Found<T> {
  readonly readings: readonly Reading[]
  readonly verdict: Verdict<T>
}

type Taken<T> = Extract<Verdict<T>, { readonly value: T }> & Pick<Found<T>, 'readings'>

/**
 * Reads files and follows their changes: written in place, renamed over, or swapped by a symbolic link.
 *
 * Fails closed: what is broken, half written, gone or no regular file is refused, and what was in force stays.
 *
 * @param invalid makes the error of what is refused at first, when there is nothing to stay
 */
export async function followFiles<T>(
  set: FileSet<T>,
  invalid: (problem: string) => Error,
): Promise<FollowedFiles<T>> {
  const stop = new AbortController()
  const first = await firstOf(set, invalid)
  let taken: Taken<T> = first
  let seen = first.readings
  let anew = false
  let problem: string | null = null
  let lookSoon = (): void => undefined

  const refuse = (why: string, events: FileEvents<T>, isPartly = false) => {
    if (problem !== why) events.onRejected((problem = why), isPartly)
  }
  const take = (found: Taken<T>, events: FileEvents<T>) => {
    const before = taken
    const isNew = !areSame(found.readings, taken.readings) || found.lacks !== taken.lacks
    if (isNew) taken = found
    if (!isNew && problem === (found.lacks ?? null)) return
    const said = problem
    problem = null
    try {
      events.onLoaded(taken.value)
    } catch (error) {
      problem = said
      taken = before
      refuse(whyOf(error, set.files), events)
      return
    }
    if (found.lacks !== undefined) refuse(found.lacks, events, true)
  }
  const look = async (events: FileEvents<T>): Promise<void> => {
    const before = anew ? undefined : seen
    anew = false
    const found = await changed(set, before, taken.value, stop.signal)
    if (found === undefined || stop.signal.aborted) return
    seen = found.readings
    if ('problem' in found.verdict) refuse(found.verdict.problem, events)
    else take({ ...found.verdict, readings: found.readings }, events)
  }
  const lookAnew = (): void => {
    anew = true
    lookSoon()
  }
  return {
    current: () => taken.value,
    lastProblem: () => problem,
    follow(events) {
      lookSoon = oneAtATime(async () => look(events))
      const paths = set.files.map(({ path }) => path)
      watchFiles(paths, lookSoon, stop.signal)
      every(ANEW, () => (problem === null ? undefined : lookAnew()), stop.signal)
      // What has changed since the first look.
      lookSoon()
    },
    look: lookAnew,
    close: () => stop.abort(),
  }
}

async function firstOf<T>(set: FileSet<T>, invalid: (problem: string) => Error): Promise<Taken<T>> {
  const readings = await settledFiles(set.files)
  const verdict = await verdictOf(set, readings, undefined)
  if ('problem' in verdict) throw invalid(verdict.problem)
  return { ...verdict, readings }
}

/** Looks, judges, and while that is a refusal looks again until patience ends. `undefined` if nothing has changed. */
async function changed<T>(
  set: FileSet<T>,
  seen: readonly Reading[] | undefined,
  inForce: T,
  signal: AbortSignal,
): Promise<Found<T> | undefined> {
  const readings = await settledFiles(set.files, seen)
  if (readings === undefined) return undefined
  let found: Found<T> = { readings, verdict: await verdictOf(set, readings, inForce) }
  for (let left = set.patience; 'problem' in found.verdict && left > 0 && !signal.aborted; left -= PAUSE) {
    await wait(PAUSE)
    const next = await settledFiles(set.files, found.readings)
    if (next !== undefined) found = { readings: next, verdict: await verdictOf(set, next, inForce) }
  }
  return found
}

async function verdictOf<T>(
  { files, judge }: FileSet<T>,
  readings: readonly Reading[],
  inForce: T | undefined,
): Promise<Verdict<T>> {
  const problems = readings.flatMap((reading) => ('problem' in reading ? [reading.problem] : []))
  if (problems.length > 0) return { problem: problems.join('\n') }
  const texts = new Map(
    readings.map((reading, index) => [files[index]?.path, 'text' in reading ? reading.text : '']),
  )
  try {
    return await judge((path) => texts.get(path) ?? '', inForce)
  } catch (error) {
    // Whatever it is, it is no reason to stop: what was in force stays.
    return { problem: whyOf(error, files) }
  }
}

function whyOf(error: unknown, files: readonly FollowedFile[]): string {
  const why = error instanceof Error ? error.message : String(error)
  return isSallyportError(error) ? why : `${pathsOf(files)} cannot be taken: ${why}`
}

function pathsOf(files: readonly FollowedFile[]): string {
  return files.map(({ path }) => path).join(', ')
}
