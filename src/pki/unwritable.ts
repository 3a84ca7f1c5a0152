import { errnoOf, SallyportError } from '../errors.ts'

/** What to say when a file of the CA cannot be written: a full disk, most of the time. */
export function unwritable(path: string, cause: unknown): SallyportError {
  const code = errnoOf(cause)
  const message = `${path} cannot be written (${code}): check space and rights`
  return new SallyportError('STORE_UNAVAILABLE', message, { cause })
}
