import { chainLine } from './chain.ts'
import type { ChainEnd } from './chain.ts'
import { checkpointOf } from './checkpoint.ts'
import type { AuditEvent, TrailOpened } from './event.ts'
import type { CheckpointSigner } from './signing-key.ts'

/** How a chain is signed. */
export interface Seal {
  readonly signer: CheckpointSigner
  /** A checkpoint comes before the next line once there are so many without one, or they are so many ms old. */
  readonly lines: number
  readonly ms: number
}

/** Where a chain stands, and what of it no checkpoint is over yet. */
export interface Standing {
  readonly end: ChainEnd
  /** Lines since the last checkpoint, and the time of the first of them (ms since the epoch). */
  readonly unsigned: number
  readonly since: number
}

/** A line as it goes to the disk. */
export interface WrittenLine {
  readonly line: string
  readonly event: AuditEvent
  /** Ms since the epoch. */
  readonly at: number
  readonly seq: number
}

/** Some lines of a chain, and where it stands behind them. */
export interface Piece {
  readonly lines: readonly WrittenLine[]
  readonly standing: Standing
}

/** What a piece is made of. */
export interface PieceParts {
  readonly writer: string
  readonly seal: Seal | undefined
  /** The first line of a new file, which is signed at once. */
  readonly opened?: TrailOpened | undefined
  readonly entries: readonly { readonly event: AuditEvent; readonly at: number }[]
  /** When it is signed at its end, in ms since the epoch; not at all without. */
  readonly signAt?: number | undefined
}

/** Makes the next lines of a chain, with the checkpoints that are due among them. */
export function pieceAfter(before: Standing, { writer, seal, opened, entries, signAt }: PieceParts): Piece {
  const lines: WrittenLine[] = []
  let standing = before
  const add = (event: AuditEvent, at: number): void => {
    const { line, end } = chainLine(event, at, standing.end)
    lines.push({ line, event, at, seq: end.seq })
    standing = standingAfter(standing, event, at, end)
  }
  const sign = (at: number): void => {
    if (seal !== undefined) add(checkpointOf(seal.signer, writer, standing.end, at), at)
  }
  const begin = entries[0]?.at ?? signAt
  if (opened !== undefined && begin !== undefined) {
    add(opened, begin)
    sign(begin)
  }
  for (const { event, at } of entries) {
    if (seal !== undefined && isDue(standing, at, seal)) sign(at)
    add(event, at)
  }
  if (signAt !== undefined && standing.unsigned > 0) sign(signAt)
  return { lines, standing }
}

/** Where a chain stands behind one more line. */
export function standingAfter(
  { unsigned, since }: Standing,
  { event }: { readonly event: string },
  at: number,
  end: ChainEnd,
): Standing {
  if (event === 'audit.checkpoint') return { end, unsigned: 0, since: at }
  return { end, unsigned: unsigned + 1, since: unsigned === 0 ? at : since }
}

/** Whether a checkpoint must come before a line of this time. */
export function isDue(
  { unsigned, since }: Standing,
  at: number,
  { lines, ms }: Omit<Seal, 'signer'>,
): boolean {
  return unsigned > 0 && (unsigned >= lines || at - since > ms)
}
