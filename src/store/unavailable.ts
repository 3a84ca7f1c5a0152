import { SallyportError } from '../errors.ts'

/**
 * The error for a store that cannot answer.
 *
 * The cause is copied, not kept: the errors of a Redis client carry the arguments of the command that failed, which
 * can be a password or a session record, and some of Redis' own messages quote them.
 */
export function unavailable(what: string, cause: unknown): SallyportError {
  const plain = plainCause(cause)
  const why = plain === undefined ? '' : `: ${plain.message}`
  return new SallyportError('STORE_UNAVAILABLE', `${what}${why}`, { cause: plain })
}

function plainCause(cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined
  const [message = ''] = cause.message.split(/, with args|\n/, 1)
  const plain = new Error(message)
  plain.name = cause.name
  return plain
}
