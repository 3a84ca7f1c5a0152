import { SallyportError } from '../errors.ts'

/** What to say when a file of the CA cannot be written: a full disk, most of the time. */
export function unwritable(path: string, cause: unknown): SallyportError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const message = `${path} cannot be written (${code}): check space and rights`
  return new SallyportError('STORE_UNAVAILABLE', message, { cause })
}
