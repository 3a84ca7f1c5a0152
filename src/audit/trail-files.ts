/** A file of the audit trail, by its name. */
export interface TrailFile {
  readonly name: string
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string
  readonly writer: string
  /** Which of the files of that writer and day, from 1 on. */
  readonly part: number
}

const NAME = /^(\d{4}-\d{2}-\d{2})-(.+?)(?:\.([2-9]|[1-9]\d{1,5}))?\.jsonl$/

/** The name of a file. */
export function trailFileName({ day, writer, part }: Omit<TrailFile, 'name'>): string {
  return `${day}-${writer}${part === 1 ? '' : `.${part}`}.jsonl`
}

/** What a name says; `undefined` for that of another file. */
export function trailFile(name: string): TrailFile | undefined {
  const [, day, writer, part = '1'] = NAME.exec(name) ?? []
  return day === undefined || writer === undefined ? undefined : { name, day, writer, part: Number(part) }
}

/** Those of some names that are files of chains, in the order in which one writer wrote them. */
export function trailFiles(names: readonly string[]): readonly TrailFile[] {
  return names
    .flatMap((name) => trailFile(name) ?? [])
    .toSorted(
      (one, other) =>
        compare(one.day, other.day) || compare(one.writer, other.writer) || one.part - other.part,
    )
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
