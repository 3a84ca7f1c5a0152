/** Every code a {@link SallyportError} can carry. Adding one is a visible change of the library's surface. */
export type SallyportErrorCode =
  | 'AUDIT_UNAVAILABLE'
  | 'CATALOG_INVALID'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_REQUEST_REFUSED'
  | 'CONFIGURATION_INVALID'
  | 'FILE_EXISTS'
  | 'NAME_INVALID'
  | 'NAME_TAKEN'
  | 'NOT_FOUND'
  | 'PASSWORD_REFUSED'
  | 'POLICY_INVALID'
  | 'QUOTA_EXCEEDED'
  | 'STORE_UNAVAILABLE'
  | 'REFUSED'
  | 'TOOL_FAILED'
  | 'TOO_BUSY'
  | 'UNREACHABLE'

/**
 * The one exception class of Sallyport, for what should not happen or cannot go on.
 *
 * A refusal of a caller is never one of these: it is a value (`RefusalReason`). The message is written for the
 * operator: what was wrong, where, what to do. It never reaches a caller over the network.
 */
export class SallyportError extends Error {
  override readonly name = 'SallyportError'
  readonly code: SallyportErrorCode

  constructor(code: SallyportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether `value` is a {@link SallyportError}, of `code` where one is given. */
export function isSallyportError(value: unknown, code?: SallyportErrorCode): value is SallyportError {
  return value instanceof SallyportError && (code === undefined || value.code === code)
}

/** The code that Node or the system gave an error (`ENOENT`); `unknown` for one without. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
