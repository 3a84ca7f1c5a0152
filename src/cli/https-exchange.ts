import { Agent, request } from 'undici'
import { SallyportError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { codesOf, connectionFault } from './connection-fault.ts'

/** Whom to trust, and as whom to come; PEM. */
export interface ExchangeTls {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

/** One request. */
export interface Asking {
  readonly method: 'GET' | 'POST'
  /** JSON. */
  readonly body?: string
  /** A secret, sent as `Authorization`. */
  readonly bearer?: string | undefined
  /** Breaks it off. */
  readonly signal?: AbortSignal | undefined
}

/** Its answer. */
export interface Exchanged {
  readonly status: number
  readonly text: string
  /** Whole seconds, where the server asks to wait. */
  readonly retryAfter: number | undefined
}

/** An issuer that has to write its ledger may take a moment; nobody takes longer than this, in ms. */
const PATIENCE = 30_000
/** Two certificates and a root are a tenth of this, in bytes. */
const LONGEST_ANSWER = 64 * 1024

const USER_AGENT = `sallyport/${VERSION}`

/**
 * One request on a connection of its own, and its whole answer; a server that sends a byte now and then is waited for no
 * longer than one that sends nothing. Nobody is sent on: whatever redirects is answered as it is.
 *
 * @param tls unverified only where nothing secret is sent, and what comes is compared with what is known of it: the root
 *   that an enrolment token names
 * @param patience for all of it, in ms
 */
export async function exchange(
  url: URL,
  { method, body, bearer, signal }: Asking,
  tls: ExchangeTls | { readonly rejectUnauthorized: false },
  patience: number = PATIENCE,
): Promise<Exchanged> {
  const dispatcher = new Agent({
    connect: { ...tls, timeout: patience },
    maxResponseSize: LONGEST_ANSWER,
  })
  const late = AbortSignal.timeout(patience)
  try {
    const response = await request(url, {
      dispatcher,
      method,
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      headers: {
        'user-agent': USER_AGENT,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const { statusCode: status, headers } = response
    return { status, retryAfter: secondsIn(headers['retry-after']), text: await response.body.text() }
  } catch (cause) {
    throw new SallyportError('UNREACHABLE', `${url.origin} ${unreachable(cause, 'cert' in tls)}`, { cause })
  } finally {
    await dispatcher.destroy()
  }
}

function secondsIn(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^[0-9]{1,6}$/.test(header) ? Number(header) : undefined
}

function unreachable(error: unknown, hasCertificate: boolean): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'did not answer in time'
  const code = codesOf(error).find((known) => known !== '') ?? 'unknown'
  switch (connectionFault(error)) {
    case 'foreign_server':
      return 'has a certificate that is not of our CA: is it another installation? Check the URL'
    case 'other_name':
      return 'has a certificate for other names: use one that it was made for'
    case 'server_expired':
      return 'has a certificate that has expired: it must be renewed there'
    case 'nobody_listens':
      return 'cannot be reached: nobody listens there'
    case 'no_such_host':
      return 'cannot be reached: there is no such host'
    case 'certificate_refused':
    case 'closed':
      return `closed the connection (${code}): it ${hasCertificate ? 'does not know our certificate' : 'is the door for certificates, not that for people'}, or does not speak TLS`
    case undefined:
      return `cannot be reached (${code})`
  }
}
