import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import type { Anchor } from './anchor.ts'
import { chainCheck, type ChainCheck, type ChainStanding } from './chain-check.ts'
import { anchorExpectations, expectations, linkExpectations } from './expectations.ts'
import { fileLines, type FileLine } from './file-lines.ts'
import { othersIn } from './open-ends.ts'
import { objectIn, readLink } from './read-link.ts'
import type { PublicKeys } from './signing-key.ts'
import { trailFiles, type TrailFile } from './trail-files.ts'

/** What {@link verifyTrail} takes. */
export interface VerifyOptions {
  /** Of all keys that have signed; undefined to ask for no signatures, which proves little. */
  readonly keys: PublicKeys | undefined
  readonly anchors: readonly Anchor[]
  /** UTC day, `YYYY-MM-DD`: files of days before are not looked at, and not missed. */
  readonly since?: string | undefined
}

/** Where something is wrong. */
export interface TrailProblem {
  /** Name of the file; null for a chain without any. */
  readonly file: string | null
  /** From 1 on; null where it is not one line. */
  readonly line: number | null
  readonly problem: string
}

/** What was found of one chain. */
export interface ChainReport extends ChainStanding {
  readonly writer: string
  readonly files: readonly string[]
  /** The first; what is behind it was not judged. */
  readonly problem: TrailProblem | null
  /** What is no sign of tampering by itself, and should be known. */
  readonly notes: readonly string[]
}

/** What was found of a trail. */
export interface TrailReport {
  readonly chains: readonly ChainReport[]
  /** Of what is not one chain. */
  readonly problems: readonly string[]
}

/**
 * Verifies the chains of all writers: that no line was edited, removed, inserted, repeated, moved or written anew, as far
 * as checkpoints, the first lines of other files and anchors know. What none of them knows is the tail of a chain that
 * nobody wrote after: of that only an anchor can say that it was not cut.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE` if something there cannot be read
 */
export async function verifyTrail(directory: string, options: VerifyOptions): Promise<TrailReport> {
  const { keys, anchors, since } = options
  const files = (await filesIn(directory)).filter(({ day }) => since === undefined || day >= since)
  const anchored = anchorExpectations(anchors, keys)
  const linked = linkExpectations(await Promise.all(files.map((file) => linksOf(directory, file))))
  const expected = expectations([...linked, ...anchored.expected])
  const byWriter = Map.groupBy(files, ({ writer }) => writer)
  const writers = new Set([...byWriter.keys(), ...expected.keys()])
  const chains: ChainReport[] = []
  for (const writer of writers) {
    const check = chainCheck({ writer, keys, since, expected: expected.get(writer) ?? [] })
    const report = await verified(directory, byWriter.get(writer) ?? [], check)
    if (report.files.length > 0 || report.problem !== null) chains.push({ writer, ...report })
  }
  return { chains, problems: anchored.problems }
}

async function filesIn(directory: string): Promise<readonly TrailFile[]> {
  try {
    return trailFiles(await readdir(directory))
  } catch (error) {
    throw unreadable(directory, error)
  }
}

async function linksOf(directory: string, { name }: TrailFile) {
  const others = await read(directory, name, async (lines) => {
    for await (const [first] of lines)
      if (first !== undefined) return othersIn(objectIn(first.bytes.toString()))
    return []
  })
  return { file: name, others }
}

async function verified(
  directory: string,
  files: readonly TrailFile[],
  check: ChainCheck,
): Promise<Omit<ChainReport, 'writer'>> {
  const notes: string[] = []
  let problem: TrailProblem | null = null
  for (const file of files) {
    problem = await verifiedFile(directory, file, { check, isLast: file === files.at(-1), notes })
    if (problem !== null) break
  }
  const missing = problem === null ? check.end() : undefined
  if (missing !== undefined) problem = { file: files.at(-1)?.name ?? null, line: null, problem: missing }
  const standing = check.standing()
  if (problem === null && standing.unsigned > 0) notes.push(unsignedNote(standing))
  return { ...standing, files: files.map(({ name }) => name), problem, notes }
}

interface Verifying {
  readonly check: ChainCheck
  /** Whether nothing follows it, so that a crash may have cut its last line short. */
  readonly isLast: boolean
  readonly notes: string[]
}

async function verifiedFile(
  directory: string,
  file: TrailFile,
  verifying: Verifying,
): Promise<TrailProblem | null> {
  return read(directory, file.name, async (pieces) => {
    for await (const lines of pieces)
      for (const line of lines) {
        const problem = lineProblem(line, file, verifying)
        if (problem !== undefined) return { file: file.name, line: line.number, problem }
      }
    return null
  })
}

function lineProblem(
  { number, bytes, isWhole }: FileLine,
  file: TrailFile,
  { check, isLast, notes }: Verifying,
): string | undefined {
  if (!isWhole && isLast) {
    notes.push(
      `${file.name}:${number} was cut short: torn by a crash, or written at this moment; nothing that counted on it ran`,
    )
    return undefined
  }
  const link = readLink(bytes)
  if (link === undefined) return isWhole ? 'it was changed, or is no audit line' : 'it was cut short'
  return check.line(link, file, number === 1)
}

function unsignedNote({ unsigned, end }: ChainStanding): string {
  return `lines ${end.seq - unsigned + 1} to ${end.seq} are not signed: the writer runs and will sign them, or was killed before it could`
}

async function read<T>(
  directory: string,
  name: string,
  work: (lines: AsyncIterable<readonly FileLine[]>) => Promise<T>,
): Promise<T> {
  const path = join(directory, name)
  try {
    return await work(fileLines(path))
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): SallyportError {
  return new SallyportError(
    'AUDIT_UNAVAILABLE',
    `the audit trail ${path} cannot be read (${errnoOf(cause)}): check the path and its rights`,
    { cause },
  )
}
