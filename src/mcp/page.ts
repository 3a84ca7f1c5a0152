import { invalidParams } from './guard-errors.ts'

/** So many entries of a list are sent at once. */
const PAGE = 1000
/** Of a cursor, in characters: the longest name, or URI, and what base64url adds. */
const LONGEST_CURSOR = 16 * 1024

/** A part of a list, and the way to the next one; without that it is the last. */
export interface Page<Entry> {
  readonly entries: Entry[]
  readonly nextCursor?: string
}

/**
 * The page of a list after a cursor (MCP, pagination); the first without one. A cursor is the place after a name, whether
 * there is such a name or not: one that was made up, or is older than the list, is one more place in what its caller may
 * see anyway.
 *
 * @param all in the order of `nameOf`, in UTF-16 code units
 * @throws ProtocolError -32602 for what is no cursor
 */
export function pageOf<Entry>(
  all: readonly Entry[],
  nameOf: (entry: Entry) => string,
  cursor: string | undefined,
): Page<Entry> {
  const after = cursor === undefined ? undefined : nameIn(cursor)
  const from = after === undefined ? 0 : firstAfter(all, nameOf, after)
  const entries = all.slice(from, from + PAGE)
  const last = entries.at(-1)
  return last === undefined || from + PAGE >= all.length
    ? { entries }
    : { entries, nextCursor: Buffer.from(nameOf(last), 'utf16le').toString('base64url') }
}

function firstAfter<Entry>(all: readonly Entry[], nameOf: (entry: Entry) => string, after: string): number {
  const at = all.findIndex((entry) => nameOf(entry) > after)
  return at === -1 ? all.length : at
}

/** Whether something is the cursor of a page, of this list or of another. */
export function isCursor(value: unknown): value is string {
  return typeof value === 'string' && bytesIn(value) !== undefined
}

function nameIn(cursor: string): string {
  const bytes = bytesIn(cursor)
  if (bytes === undefined) throw invalidParams('Invalid cursor')
  return bytes.toString('utf16le')
}

function bytesIn(cursor: string): Buffer | undefined {
  if (cursor.length > LONGEST_CURSOR) return undefined
  const bytes = Buffer.from(cursor, 'base64url')
  return bytes.length % 2 === 0 && bytes.toString('base64url') === cursor ? bytes : undefined
}

/** As a result has it: the entries under their name, and the cursor where there is one. */
export function nextOf({ nextCursor }: Page<unknown>): { nextCursor?: string } {
  return nextCursor === undefined ? {} : { nextCursor }
}
