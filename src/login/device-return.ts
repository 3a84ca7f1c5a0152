import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { cookieNamed } from '../auth/session-credential.ts'
import { COOKIE_ATTRIBUTES } from './cookie-attributes.ts'
import { DEVICE_LOGIN_LIFE, groupedCode, userCodeIn } from './device-code.ts'

/**
 * The way back to `/device` for a browser that has to log in first: a cookie, since no address is redirected to that a
 * request names. The code in it is only filled in; it approves nothing.
 */
export interface DeviceReturn {
  /** The code in the address (`/device?code=BCDF-GHJK`), else the one that was kept, in its groups. */
  readonly code: string | undefined
  /** Whether this browser is on its way back. */
  readonly isKept: boolean
  keep(): void
  forget(): void
}

const COOKIE = '__Host-sallyport-pairing'
const NO_CODE = '-'

/** Reads it from a request. */
export function deviceReturnOf(request: IncomingMessage, response: Response): DeviceReturn {
  const cookie = cookieNamed(request.headers.cookie, COOKIE)
  const kept = cookie.kind === 'found' ? cookie.value : undefined
  const code = userCodeIn(codeInAddress(request.url) ?? kept ?? '')
  return {
    code: code === undefined ? undefined : groupedCode(code),
    isKept: kept !== undefined,
    keep: () =>
      void response.cookie(COOKIE, code ?? NO_CODE, { ...COOKIE_ATTRIBUTES, maxAge: DEVICE_LOGIN_LIFE }),
    forget() {
      if (kept !== undefined) response.clearCookie(COOKIE, COOKIE_ATTRIBUTES)
    },
  }
}

function codeInAddress(url = ''): string | undefined {
  const at = url.indexOf('?')
  if (at < 0) return undefined
  return new URLSearchParams(url.slice(at, at + 128)).get('code') ?? undefined
}
