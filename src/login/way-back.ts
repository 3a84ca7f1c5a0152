import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { cookieNamed } from '../auth/session-credential.ts'
import { COOKIE_ATTRIBUTES } from './cookie-attributes.ts'
import { isConfirmationId } from './confirmation-id.ts'
import { groupedCode, userCodeIn } from './device-code.ts'

/** Where somebody may want to go on after his login: pages of ours, each with what it needs in a form that it cannot leave. */
export type Destination = '/device' | `/device?code=${string}` | '/approvals' | `/confirm/${string}`

/**
 * The way back for a browser that has to log in first: a cookie, since no address is redirected to that a request names.
 * Where it leads nothing happens before a form is sent.
 */
export interface WayBack {
  /** Where this browser is on its way to; `undefined` for nowhere. */
  readonly to: Destination | undefined
  keep(to: Destination): void
  forget(): void
}

const COOKIE = '__Host-sallyport-return'

/** As long as what waits there waits for. In ms. */
const LIFE = 10 * 60_000

/** Reads it from a request. Fails closed: nowhere for what is none of our destinations. */
export function wayBackOf(request: IncomingMessage, response: Response): WayBack {
  const cookie = cookieNamed(request.headers.cookie, COOKIE)
  const kept = cookie.kind === 'found' ? cookie.value : undefined
  return {
    to: kept === undefined ? undefined : destinationIn(kept),
    keep: (to) => void response.cookie(COOKIE, to, { ...COOKIE_ATTRIBUTES, maxAge: LIFE }),
    forget() {
      if (kept !== undefined) response.clearCookie(COOKIE, COOKIE_ATTRIBUTES)
    },
  }
}

/** The page for a device, with the code that a text holds, if it is one. */
export function deviceDestination(text: string | undefined): Destination {
  const code = userCodeIn(text ?? '')
  return code === undefined ? '/device' : `/device?code=${groupedCode(code)}`
}

function destinationIn(text: string): Destination | undefined {
  if (text === '/approvals') return text
  const [, code] = /^\/device(?:\?code=([A-Z-]{1,16}))?$/.exec(text) ?? [undefined, null]
  if (code !== null) return deviceDestination(code)
  const [, id = ''] = /^\/confirm\/(.*)$/.exec(text) ?? []
  return isConfirmationId(id) ? `/confirm/${id}` : undefined
}
