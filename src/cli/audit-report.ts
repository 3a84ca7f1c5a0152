import type { ChainReport, TrailReport } from '../audit/verify-trail.ts'
import { counted } from './counted.ts'
import { visible } from './visible.ts'

/** Whether nothing is wrong. */
export function isSound({ chains, problems }: TrailReport): boolean {
  return problems.length === 0 && chains.every(({ problem }) => problem === null)
}

/** What was looked at. */
export interface Looked {
  readonly place: string
  /** How many there are. */
  readonly anchors: number
  readonly isSigned: boolean
}

/** Chains that are named one by one. */
const MOST_NAMED = 20

/** What was found, for people: first what is wrong, then what is certain and what is not. */
export function reportLines(report: TrailReport, looked: Looked): readonly string[] {
  const { chains, problems } = report
  const lines = chains.reduce((sum, chain) => sum + chain.lines, 0)
  const told = [
    ...problems,
    ...chains.flatMap(problemLine),
    ...chains.flatMap(({ writer, notes }) => notes.map((note) => `note      ${writer}: ${note}`)),
    `${counted(chains.length, 'chain')} in ${looked.place}, ${counted(lines, 'line')}: ${isSound(report) ? 'as they were written' : 'NOT as they were written'}`,
    ...(looked.isSigned
      ? []
      : ['signatures were not looked at: whoever can write the files can have written all of this']),
    ...anchorLines(
      chains.filter(({ problem }) => problem === null),
      looked.anchors,
    ),
    'refusals of strangers (anonymous-*.jsonl) are samples, in no chain, and not verified',
  ]
  return told.map(visible)
}

function problemLine({ writer, problem }: ChainReport): readonly string[] {
  if (problem === null) return []
  const { file, line } = problem
  const place = file === null ? `the chain ${writer}` : `${file}${line === null ? '' : `:${line}`}`
  return [`PROBLEM   ${place}: ${problem.problem}`]
}

function anchorLines(chains: readonly ChainReport[], anchors: number): readonly string[] {
  if (anchors === 0)
    return ['not anchored: lines may have been cut off the ends, and nothing here can prove otherwise']
  const open = chains.filter((chain) => !isAnchoredToItsEnd(chain))
  return [
    `anchored to the end: ${counted(chains.length - open.length, 'chain')} of ${chains.length}: nothing was cut off there`,
    ...open.slice(0, MOST_NAMED).map(openLine),
    ...(open.length > MOST_NAMED
      ? [`and ${open.length - MOST_NAMED} more that are not anchored to their end`]
      : []),
  ]
}

/** The last line is the checkpoint itself, which no anchor can know. */
function isAnchoredToItsEnd({ anchoredThrough, end, unsigned }: ChainReport): boolean {
  return anchoredThrough !== null && unsigned === 0 && anchoredThrough >= end.seq - 1
}

function openLine({ writer, anchoredThrough, end }: ChainReport): string {
  if (anchoredThrough === null)
    return `not anchored: ${writer}, ${counted(end.seq, 'line')}: some may have been cut off its end`
  return `anchored through line ${anchoredThrough} of ${end.seq}: ${writer}: what came behind may have been cut off`
}
