import { CHAIN_START, type ChainEnd } from './chain.ts'
import { unsigned } from './checkpoint.ts'
import type { Expected } from './expectations.ts'
import { isDue, standingAfter, type Standing } from './piece.ts'
import { misplaced, type Link } from './read-link.ts'
import type { PublicKeys } from './signing-key.ts'
import type { TrailFile } from './trail-files.ts'

/** Judges the lines of one chain, in their order. */
export interface ChainCheck {
  /** What is wrong with the next line, in words; nothing behind it can be judged then. */
  line(link: Link, file: TrailFile, isFirst: boolean): string | undefined
  /** What is wrong with where it ends. */
  end(): string | undefined
  standing(): ChainStanding
}

/** Where a chain stands. */
export interface ChainStanding {
  readonly lines: number
  readonly end: ChainEnd
  /** Lines at the end that no checkpoint is over. */
  readonly unsigned: number
  /** The last line that an anchor knows; null if none does. */
  readonly anchoredThrough: number | null
}

/** What {@link chainCheck} takes. */
export interface ChainCheckOptions {
  readonly writer: string
  /** Without them no signature is asked for. */
  readonly keys: PublicKeys | undefined
  /** In the order of their lines. */
  readonly expected: readonly Expected[]
  /** The first day whose files are there: what a chain had before is not missed. */
  readonly since: string | undefined
}

/**
 * Fails closed: a line that is not exactly what was written, signed and known elsewhere is a problem, and so is one that
 * has no checkpoint in the number of lines and the time in which its writer makes one.
 */
export function chainCheck(options: ChainCheckOptions): ChainCheck {
  const { writer, keys, since } = options
  const signature = signatureCheck(writer, keys)
  const known = knownCheck(options)
  let end: ChainEnd | undefined
  let lines = 0
  let lastFile: string | null = null

  const place = (link: Link, file: TrailFile, isFirst: boolean): string | undefined => {
    const told = opened(link, file, { isFirst, lastFile, since })
    if (told.problem !== undefined) return told.problem
    if (end === undefined && told.isContinued) return undefined
    const problem = misplaced(link, end ?? CHAIN_START)
    if (problem === undefined || told.missing === undefined) return problem
    return `${problem}; the file before this one, ${told.missing}, is missing`
  }
  return {
    line(link, file, isFirst) {
      const problem = place(link, file, isFirst) ?? signature.line(link) ?? known.line(link)
      if (problem !== undefined) return problem
      end = { seq: link.seq, hash: link.hash }
      lastFile = file.name
      lines++
      return undefined
    },
    end: () => known.end(end?.seq ?? 0),
    standing: () => ({
      lines,
      end: end ?? CHAIN_START,
      unsigned: signature.unsigned(),
      anchoredThrough: known.anchoredThrough(),
    }),
  }
}

interface Opening {
  readonly isFirst: boolean
  /** The file of the line before; null at the beginning of what is there. */
  readonly lastFile: string | null
  readonly since: string | undefined
}

/** What the first line of a file says of it: whether it is what it says, and whether something before it is not there. */
function opened(
  { event, fields }: Link,
  file: TrailFile,
  { isFirst, lastFile, since }: Opening,
): { readonly problem?: string; readonly missing?: string; readonly isContinued?: boolean } {
  if (event !== 'audit.opened') {
    // A version before had no such lines: what is missing cannot be told from what was removed on purpose.
    return { isContinued: isFirst && since !== undefined }
  }
  if (!isFirst) return { problem: 'the first line of a file stands in the middle of one: it was moved here' }
  const { previous } = fields
  if (fields['writer'] !== file.writer || fields['file'] !== file.name)
    return { problem: `this is the file ${String(fields['file'])}: it was renamed, or moved here` }
  if (typeof previous !== 'string' || previous === lastFile) return {}
  const isBefore = since !== undefined && previous.slice(0, since.length) < since
  return isBefore ? { isContinued: true } : { missing: previous }
}

interface SignatureCheck {
  line(link: Link): string | undefined
  unsigned(): number
}

function signatureCheck(writer: string, keys: PublicKeys | undefined): SignatureCheck {
  let standing: Standing = { end: CHAIN_START, unsigned: 0, since: 0 }
  let every: { readonly lines: number; readonly ms: number } | undefined
  let isJustOpened = false
  let isBegun = false

  const problemOf = (link: Link): string | undefined => {
    if (keys === undefined) return undefined
    if (link.event === 'audit.checkpoint') return checkpointProblem(link, writer, keys)
    if (isJustOpened) return 'a checkpoint was expected behind the first line of a file: it was removed'
    if (link.event === 'audit.opened') return undefined
    if (!isBegun) return 'the chain is not signed: its file does not begin with a line that says whose it is'
    if (every === undefined || !isDue(standing, link.at, every)) return undefined
    return `a checkpoint was expected, since there was none for ${standing.unsigned} lines: what is here was written without the key`
  }
  return {
    line(link) {
      const problem = problemOf(link)
      isBegun = true
      isJustOpened = link.event === 'audit.opened'
      if (isJustOpened) every = frequencyIn(link)
      standing = standingAfter(standing, link, link.at, link)
      return problem
    },
    unsigned: () => standing.unsigned,
  }
}

function frequencyIn({ fields }: Link): { readonly lines: number; readonly ms: number } {
  const { checkpointLines: lines, checkpointMs: ms } = fields
  return { lines: typeof lines === 'number' ? lines : 0, ms: typeof ms === 'number' ? ms : 0 }
}

function checkpointProblem(
  { seq, prev, at, fields }: Link,
  writer: string,
  keys: PublicKeys,
): string | undefined {
  const { through, head, key, signature } = fields
  if (through !== seq - 1 || head !== prev || prev === null)
    return 'the checkpoint is not of the line before it: it was changed'
  const signed = { writer, through, head: prev, at, key: String(key), signature: String(signature) }
  const problem = unsigned(signed, keys)
  return problem === undefined ? undefined : `the checkpoint does not count: ${problem}`
}

interface KnownCheck {
  line(link: Link): string | undefined
  end(seq: number): string | undefined
  anchoredThrough(): number | null
}

function knownCheck({ expected, since = '' }: ChainCheckOptions): KnownCheck {
  let next = 0
  let anchoredThrough: number | null = null
  return {
    line({ seq, hash }) {
      for (let one = expected[next]; one !== undefined && one.seq <= seq; one = expected[++next]) {
        if (one.seq < seq) continue
        if (one.hash !== hash) return `it is not the line that ${one.by} knows: the chain was written anew`
        if (one.isAnchor) anchoredThrough = seq
      }
      return undefined
    },
    end(seq) {
      const missed = expected.slice(next).findLast(({ day }) => day >= since)
      if (missed === undefined) return undefined
      return seq === 0
        ? `the chain is missing: ${missed.by} knows it through line ${missed.seq}`
        : `the chain ends with line ${seq}, and ${missed.by} knows it through line ${missed.seq}: lines were cut off`
    },
    anchoredThrough: () => anchoredThrough,
  }
}
