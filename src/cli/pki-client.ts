import { Agent, request } from 'undici'
import * as z from 'zod'
import { SallyportError } from '../errors.ts'
import { codesOf, connectionFault } from './connection-fault.ts'

/** What the server answers to who asks for a certificate. */
export interface CertificateAnswer {
  /** PEM: the leaf, then the issuing CA. */
  readonly certificate: string
  /** As in `service:billing`. */
  readonly principal: string
  readonly serial: string
  /** ISO 8601. */
  readonly expiresAt: string
  /** PEM; in the answer to an enrolment. */
  readonly root?: string | undefined
}

/** Whom to trust, and as whom to come; PEM. */
export interface PkiTls {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

/** What is said when the server refused for good, in the words of who asked. */
export type RefusalSentence = (status: number) => string

const answerShape: z.ZodType<CertificateAnswer> = z.object({
  certificate: z.string(),
  principal: z.string().max(200),
  serial: z.string().max(64),
  expiresAt: z.iso.datetime(),
  root: z.string().optional(),
})

/** An issuer that has to write its ledger may take a moment; nobody takes longer than this, in ms. */
const PATIENCE = 30_000
/** Two certificates and a root are a tenth of this, in bytes. */
const LONGEST_ANSWER = 64 * 1024

/**
 * Posts to the server and reads the certificate that it answers with. TLS verifies the server against `ca` and its
 * host name.
 *
 * @throws SallyportError `REFUSED` when trying again cannot help; `TOO_BUSY` and `UNREACHABLE` when it may;
 *   `CERTIFICATE_INVALID` for an answer that is none
 */
export async function askForCertificate(
  url: URL,
  body: Readonly<Record<string, string>>,
  tls: PkiTls,
  sentence: RefusalSentence,
): Promise<CertificateAnswer> {
  const { status, text } = await exchange(url, { method: 'POST', body: JSON.stringify(body) }, tls)
  if (status === 200) return answerIn(text, url)
  if (status === 429 || status >= 500)
    throw new SallyportError(
      'TOO_BUSY',
      `${url.origin} cannot do it at the moment (${status}): ${later(status)}`,
    )
  if (status === 404 || status === 405) throw notThere(url, tls)
  throw new SallyportError('REFUSED', sentence(status))
}

/**
 * One request on a connection of its own, and its whole answer; a server that sends a byte now and then is waited for no
 * longer than one that sends nothing.
 *
 * @param tls unverified only where nothing secret is sent, and what comes is compared with what is known of it: the root
 *   that an enrolment token names
 * @param patience for all of it, in ms
 */
export async function exchange(
  url: URL,
  { method, body }: { readonly method: 'GET' | 'POST'; readonly body?: string },
  tls: PkiTls | { readonly rejectUnauthorized: false },
  patience: number = PATIENCE,
): Promise<{ readonly status: number; readonly text: string }> {
  const dispatcher = new Agent({
    connect: { ...tls, timeout: patience },
    maxResponseSize: LONGEST_ANSWER,
  })
  try {
    const response = await request(url, {
      dispatcher,
      method,
      signal: AbortSignal.timeout(patience),
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.statusCode, text: await response.body.text() }
  } catch (cause) {
    throw new SallyportError('UNREACHABLE', `${url.origin} ${unreachable(cause, 'cert' in tls)}`, { cause })
  } finally {
    await dispatcher.destroy()
  }
}

/** 503 is what a server says whose issuer does not answer. */
function later(status: number): string {
  return status === 503
    ? 'try again later; if it stays so, see that "npx sallyport issuer" runs beside that server, and what it says'
    : 'try again later'
}

function answerIn(text: string, url: URL): CertificateAnswer {
  try {
    return answerShape.parse(JSON.parse(text))
  } catch (cause) {
    throw new SallyportError('CERTIFICATE_INVALID', `${url.origin} answered with no certificate`, { cause })
  }
}

function notThere(url: URL, { cert }: PkiTls): SallyportError {
  const door = cert === undefined ? 'people' : 'certificates'
  return new SallyportError(
    'UNREACHABLE',
    `there is no ${url.pathname} at ${url.origin}: is it the door for ${door}?`,
  )
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
