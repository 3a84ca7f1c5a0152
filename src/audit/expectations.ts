import { unsigned } from './checkpoint.ts'
import type { Anchor } from './anchor.ts'
import type { ChainPlace } from './event.ts'
import type { PublicKeys } from './signing-key.ts'
import { trailFile } from './trail-files.ts'

/** What somebody else knows of a line of a chain. */
export interface Expected {
  readonly seq: number
  readonly hash: string
  /** The UTC day at the latest on which it was written. */
  readonly day: string
  /** Who knows it, for people. */
  readonly by: string
  readonly isAnchor: boolean
}

/** By the writer of the chain. */
export type Expectations = ReadonlyMap<string, readonly Expected[]>

/** What other files of the trail know, each by its first line. */
export function linkExpectations(
  files: readonly { readonly file: string; readonly others: readonly ChainPlace[] }[],
): readonly (readonly [writer: string, Expected])[] {
  return files.flatMap(({ file: by, others }) =>
    others.flatMap(({ file, seq, hash }) => {
      const known = trailFile(file)
      return known === undefined
        ? []
        : [[known.writer, { seq, hash, day: known.day, by: `${by}:1`, isAnchor: false }] as const]
    }),
  )
}

/** What anchors know, and what is wrong with those that count for nothing. */
export function anchorExpectations(
  anchors: readonly Anchor[],
  keys: PublicKeys | undefined,
): {
  readonly expected: readonly (readonly [writer: string, Expected])[]
  readonly problems: readonly string[]
} {
  const judged = anchors.map((anchor) => ({
    anchor,
    problem: keys === undefined ? undefined : unsigned(anchor, keys),
  }))
  return {
    expected: judged.flatMap(({ anchor, problem }) =>
      problem === undefined ? [[anchor.writer, expectedOf(anchor)] as const] : [],
    ),
    problems: judged.flatMap(({ anchor, problem }) =>
      problem === undefined ? [] : [`the anchor ${anchor.place} counts for nothing: ${problem}`],
    ),
  }
}

function expectedOf({ through, head, at, place }: Anchor): Expected {
  const day = new Date(at).toISOString().slice(0, 10)
  return { seq: through, hash: head, day, by: place, isAnchor: true }
}

/** By writer, in the order of their lines. */
export function expectations(all: readonly (readonly [string, Expected])[]): Expectations {
  const byWriter = Map.groupBy(all, ([writer]) => writer)
  return new Map(
    Array.from(byWriter, ([writer, own]) => [
      writer,
      own.map(([, expected]) => expected).toSorted((one, other) => one.seq - other.seq),
    ]),
  )
}
