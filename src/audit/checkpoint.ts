import { verify } from 'node:crypto'
import type { ChainEnd } from './chain.ts'
import type { Checkpoint } from './event.ts'
import type { CheckpointSigner, PublicKeys } from './signing-key.ts'

/** What a checkpoint states: at this time the chain of this writer stood here. */
export interface Statement {
  readonly writer: string
  /** Number of the last line, and its hash. */
  readonly through: number
  readonly head: string
  /** Ms since the epoch. */
  readonly at: number
}

/** A statement with the key that signed it. */
export interface Signed extends Statement {
  readonly key: string
  readonly signature: string
}

/**
 * Makes the checkpoint of a chain.
 *
 * @param at ms since the epoch, also of its line
 */
export function checkpointOf(
  signer: CheckpointSigner,
  writer: string,
  end: ChainEnd,
  at: number,
): Checkpoint {
  const statement = { through: end.seq, head: end.hash ?? '' }
  const signature = signer.sign(textOf({ ...statement, writer, at }))
  return { event: 'audit.checkpoint', ...statement, key: signer.key, signature }
}

/** What is wrong with a statement, in words; `undefined` if one of the keys signed exactly this. */
export function unsigned(signed: Signed, keys: PublicKeys): string | undefined {
  const key = keys.get(signed.key)
  if (key === undefined)
    return `it is signed by the key ${signed.key}, which is not among those that are trusted`
  const signature = Buffer.from(signed.signature, 'base64url')
  // One signature has one way to be written.
  const isExact = signature.toString('base64url') === signed.signature
  if (isExact && verify(null, Buffer.from(textOf(signed)), key, signature)) return undefined
  return 'its signature is not good: it was changed, or moved here from elsewhere'
}

/** What is signed. The first line keeps it from being taken for anything else. */
function textOf({ writer, through, head, at }: Statement): string {
  return ['sallyport audit checkpoint 1', writer, through, head, new Date(at).toISOString()].join('\n')
}
