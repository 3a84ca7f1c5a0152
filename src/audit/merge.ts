/** Something that happened at a time. */
export interface Timed {
  /** Ms since the epoch. */
  readonly at: number
}

interface Head<T> {
  readonly value: T
  readonly rest: AsyncIterator<T, void>
}

/** Merges by time; what comes from one source keeps its order. No source is read further than needed. */
export async function* merged<T extends Timed>(
  sources: readonly AsyncIterable<T, void>[],
): AsyncGenerator<T, void> {
  const all = sources.map((source) => source[Symbol.asyncIterator]())
  try {
    let heads = (await Promise.all(all.map(async (rest) => headOf(rest)))).flat()
    for (let first = earliest(heads); first !== undefined; first = earliest(heads)) {
      yield first.value
      const [next] = await headOf(first.rest)
      heads = heads.flatMap((head) => (head === first ? (next ?? []) : head))
    }
  } finally {
    for (const rest of all) await rest.return?.()
  }
}

async function headOf<T>(rest: AsyncIterator<T, void>): Promise<readonly Head<T>[]> {
  const { done, value } = await rest.next()
  return done === true ? [] : [{ value, rest }]
}

function earliest<T extends Timed>(heads: readonly Head<T>[]): Head<T> | undefined {
  let first = heads[0]
  for (const head of heads) if (first === undefined || head.value.at < first.value.at) first = head
  return first
}

/** One source after the other; each is begun when the one before has ended. */
export async function* inTurn<T>(
  sources: readonly (() => AsyncIterable<T, void>)[],
): AsyncGenerator<T, void> {
  for (const source of sources) yield* source()
}
