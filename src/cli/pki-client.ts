import * as z from 'zod'
import { SallyportError } from '../errors.ts'
import { exchange, type ExchangeTls } from './https-exchange.ts'

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

/** What is said when the server refused for good, in the words of who asked. */
export type RefusalSentence = (status: number) => string

const answerShape: z.ZodType<CertificateAnswer> = z.object({
  certificate: z.string(),
  principal: z.string().max(200),
  serial: z.string().max(64),
  expiresAt: z.iso.datetime(),
  root: z.string().optional(),
})

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
  tls: ExchangeTls,
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

function notThere(url: URL, { cert }: ExchangeTls): SallyportError {
  const door = cert === undefined ? 'people' : 'certificates'
  return new SallyportError(
    'UNREACHABLE',
    `there is no ${url.pathname} at ${url.origin}: is it the door for ${door}?`,
  )
}
