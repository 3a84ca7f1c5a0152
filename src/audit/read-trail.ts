import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { fileLines } from './file-lines.ts'
import { inTurn, merged, type Timed } from './merge.ts'
import { objectIn } from './read-link.ts'
import { trailFiles, type TrailFile } from './trail-files.ts'

/** An event of the trail, and where it stands. */
export interface TrailEvent extends Timed {
  /** Name of the file. */
  readonly file: string
  /** From 1 on. */
  readonly line: number
  /** Ms since the epoch. */
  readonly at: number
  /** The whole line; nothing of it was checked but that it is an object with a time and a name. */
  readonly event: TrailFields
}

/** What a line says. */
export interface TrailFields {
  readonly event: string
  readonly [field: string]: unknown
}

/** A line that says nothing. */
export interface DamagedLine {
  readonly file: string
  readonly line: number
  readonly problem: string
}

/** Which events are read. */
export interface TrailFilter {
  /** Ms since the epoch; events of these moments are among them. */
  readonly since?: number
  readonly until?: number
  /** Told of lines that cannot be read; they are left out. */
  readonly onDamaged?: (damage: DamagedLine) => void
}

const DAY = 86_400_000
const ANONYMOUS = /^anonymous-.+\.jsonl(?:\.1)?$/

/** Whether a file of this name has refusals of strangers. */
export function isAnonymous(name: string): boolean {
  return ANONYMOUS.test(name)
}

/**
 * Reads the events of every writer, in the order of their times, and the sampled refusals of strangers among them. Lines
 * of one file keep their order, whatever their times. Holds no more than a piece of each file of one day.
 *
 * Looks at no chain: what was altered is not found here, see `verify-trail.ts`. A folder that is not there is an empty
 * trail.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE` if something there cannot be read
 */
export async function* readTrail(
  directory: string,
  filter: TrailFilter = {},
): AsyncGenerator<TrailEvent, void> {
  const { since = -Infinity, until = Infinity } = filter
  const names = await namesIn(directory)
  const read = (name: string) => events(directory, name, filter)
  const strangers = names.filter(isAnonymous).map(read)
  const days = Map.groupBy(filesBetween(names, since, until), ({ day }) => day)
  const chains = Array.from(days.values(), (files) => () => merged(chainsOf(files, read)))
  for await (const one of merged([inTurn(chains), ...strangers]))
    if (one.at >= since && one.at <= until) yield one
}

/** The files of one day, those of one writer in turn. */
function chainsOf(
  files: readonly TrailFile[],
  read: (name: string) => AsyncIterable<TrailEvent, void>,
): readonly AsyncIterable<TrailEvent, void>[] {
  const byWriter = Map.groupBy(files, ({ writer }) => writer)
  return Array.from(byWriter.values(), (own) =>
    inTurn(
      own.map(
        ({ name }) =>
          () =>
            read(name),
      ),
    ),
  )
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw unreadable(directory, error)
  }
}

/** The clock of a writer may have been put back: what is of a day may be in a file of one of the next. */
function filesBetween(names: readonly string[], since: number, until: number): readonly TrailFile[] {
  const [first, last] = [dayOf(since), dayOf(until + DAY)]
  return trailFiles(names).filter(({ day }) => day >= first && day <= last)
}

/** Compares as days do, also with what no date has. */
function dayOf(time: number): string {
  if (Math.abs(time) > 8e15) return time < 0 ? '' : '9999'
  return new Date(time).toISOString().slice(0, 10)
}

async function* events(
  directory: string,
  file: string,
  { onDamaged }: TrailFilter,
): AsyncGenerator<TrailEvent, void> {
  try {
    for await (const lines of fileLines(join(directory, file)))
      for (const { number, bytes, isWhole } of lines) {
        const event = eventOf({ file, line: number }, bytes)
        if (event !== undefined) yield event
        else
          onDamaged?.({ file, line: number, problem: isWhole ? 'it is no audit event' : 'it was cut short' })
      }
  } catch (error) {
    // It was there a moment ago: of the files of strangers one takes the place of the other.
    if (errnoOf(error) !== 'ENOENT') throw unreadable(join(directory, file), error)
  }
}

/** Reads a line as an event; `undefined` for one that says nothing. */
export function eventOf(
  place: { readonly file: string; readonly line: number },
  bytes: Buffer,
): TrailEvent | undefined {
  const fields = objectIn(bytes.toString())
  const { at, event } = fields ?? {}
  const time = typeof at === 'string' ? Date.parse(at) : Number.NaN
  if (typeof event !== 'string' || Number.isNaN(time)) return undefined
  return { ...place, at: time, event: { ...fields, event } }
}

function unreadable(path: string, cause: unknown): SallyportError {
  return new SallyportError(
    'AUDIT_UNAVAILABLE',
    `the audit trail ${path} cannot be read (${errnoOf(cause)}): check the path and its rights`,
    { cause },
  )
}
