/** What a failed connection says. `closed`: it was cut off without a word after it stood. */
export type ConnectionFault =
  | 'nobody_listens'
  | 'no_such_host'
  | 'foreign_server'
  | 'other_name'
  | 'server_expired'
  | 'certificate_refused'
  | 'closed'

/** Who wanted to connect where. */
export interface Attempt {
  /** Name of the client whose certificate was presented. */
  readonly as: string
  readonly url: string
  /** Path of the root certificate that was trusted, or where it is kept. */
  readonly root: string
}

/** What Node says of a server certificate that is not of our CA. */
const FOREIGN: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What an error of a connection means; `undefined` for what has no particular words. */
export function connectionFault(error: unknown): ConnectionFault | undefined {
  const codes = codesOf(error)
  if (codes.includes('ECONNREFUSED')) return 'nobody_listens'
  if (codes.includes('ENOTFOUND') || codes.includes('EAI_AGAIN')) return 'no_such_host'
  if (codes.some((code) => FOREIGN.has(code))) return 'foreign_server'
  if (codes.includes('ERR_TLS_CERT_ALTNAME_INVALID')) return 'other_name'
  if (codes.includes('CERT_HAS_EXPIRED')) return 'server_expired'
  if (codes.some((code) => /^ERR_SSL_.*ALERT/.test(code))) return 'certificate_refused'
  if (codes.some((code) => code.startsWith('ERR_SSL') || CLOSED.has(code))) return 'closed'
  return undefined
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

const RENEW =
  '"npm start" renews the clients that it made, "npm run issue-client-cert" makes new ones where the CA is, ' +
  '"sallyport enroll" gets one elsewhere'

/** What to tell a person, and what to do. */
export function faultSentence(fault: ConnectionFault, { as, url, root }: Attempt): string {
  switch (fault) {
    case 'nobody_listens':
      return `nobody listens at ${url}: start the server with "npm start"`
    case 'no_such_host':
      return `there is no host ${new URL(url).hostname}: check the URL, and the name service of this machine`
    case 'foreign_server':
      return `the server at ${url} is not of the CA in ${root}: is it another installation? Check the URL and SALLYPORT_PORT`
    case 'other_name':
      return `the server at ${url} has a certificate for other names: use a URL with one that it was made for`
    case 'server_expired':
      return `the certificate of the server at ${url} has expired: it must be renewed there`
    case 'certificate_refused':
    case 'closed':
      return `the server at ${url} closed the connection: the certificate of "${as}" is expired or not of its CA; ${RENEW}`
  }
}

/** What to tell a person whom the server answered with 401. */
export function unknownSentence({ as, url }: Attempt): string {
  return `the server at ${url} knows nobody by the certificate of "${as}": it is revoked, of another trust domain, or this is not the door for certificates, and that for people takes "--session"; ${RENEW}`
}

/** The codes of an error and its causes. */
export function codesOf(error: unknown): readonly string[] {
  return [...causes(error)].map((cause) => ('code' in cause ? String(cause.code) : ''))
}

/** An error and its causes, the outermost first; bounded, since causes may go in circles. */
function* causes(error: unknown): Generator<Error> {
  let next = error
  for (let depth = 0; depth < 8 && next instanceof Error; depth++) {
    yield next
    next = next.cause
  }
}
