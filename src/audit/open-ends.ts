import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainPlace } from './event.ts'
import { objectIn, readLink, type Link } from './read-link.ts'
import { trailFiles, type TrailFile } from './trail-files.ts'

/** Files that are looked at, and ends that are named: a folder that is flooded does not keep a writer from writing. */
const MOST_FILES = 500
const MOST_ENDS = 100
/** Longer than any first or last line. */
const PIECE = 65_536

/**
 * Where the chains of other writers stand now: those of the last two days that are there, without what another file
 * names already. Whoever writes this down vouches that they were there, so that one that is removed is missed.
 *
 * Looks only: what cannot be read is left out, and whoever verifies the trail meets it anyway.
 */
export async function openEnds(directory: string, writer: string): Promise<readonly ChainPlace[]> {
  const files = trailFiles(await readdir(directory).catch(() => []))
  const [last, secondLast] = [...new Set(files.map(({ day }) => day))].toReversed()
  const recent = files
    .filter((file) => (file.day === last || file.day === secondLast) && file.writer !== writer)
    .slice(-MOST_FILES)
  const named = new Set<string>()
  const ends = new Map<string, ChainPlace>()
  for (const file of recent) {
    const { others, end } = await edgesOf(directory, file)
    for (const other of others) named.add(placeText(other))
    // Later files of a writer come later.
    if (end !== undefined) ends.set(file.writer, end)
  }
  return [...ends.values()].filter((end) => !named.has(placeText(end))).slice(0, MOST_ENDS)
}

function placeText({ file, seq, hash }: ChainPlace): string {
  return `${file} ${seq} ${hash}`
}

interface Edges {
  readonly others: readonly ChainPlace[]
  readonly end: ChainPlace | undefined
}

async function edgesOf(directory: string, { name }: TrailFile): Promise<Edges> {
  try {
    await using file = await open(join(directory, name), 'r')
    const { size } = await file.stat()
    const first = await piece(file, 0)
    const last = size <= PIECE ? first : await piece(file, size - PIECE)
    // What is named here must not be lost when the machine stops: it would look like tampering.
    await file.datasync()
    const link = linkAt(last)
    return {
      others: othersIn(objectIn(first.toString('utf8', 0, Math.max(0, first.indexOf('\n'))))),
      end: link === undefined ? undefined : { file: name, seq: link.seq, hash: link.hash },
    }
  } catch {
    return { others: [], end: undefined }
  }
}

async function piece(file: FileHandle, position: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, position)
  return buffer.subarray(0, bytesRead)
}

/** The last line that is whole. */
function linkAt(text: Buffer): Link | undefined {
  const end = text.lastIndexOf('\n')
  const start = end < 1 ? -1 : text.lastIndexOf('\n', end - 1)
  return end === -1 ? undefined : readLink(text.subarray(start + 1, end))
}

/** The places that the first line of a file names. */
export function othersIn(fields: Readonly<Record<string, unknown>> | undefined): readonly ChainPlace[] {
  const others: unknown = fields?.['event'] === 'audit.opened' ? fields['others'] : undefined
  return Array.isArray(others) ? others.flatMap((other: unknown) => placeIn(other) ?? []) : []
}

function placeIn(value: unknown): ChainPlace | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { file, seq, hash }: Readonly<Record<string, unknown>> = { ...value }
  if (typeof file !== 'string' || typeof seq !== 'number' || typeof hash !== 'string') return undefined
  return { file, seq, hash }
}
