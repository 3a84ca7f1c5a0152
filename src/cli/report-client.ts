import type { Config } from '../config/config.ts'
import { authorityFiles } from '../pki/files.ts'
import { curlLine } from './curl-line.ts'
import type { ClientIssued } from './issue-client.ts'
import { localEndpoint } from './mcp-client.ts'
import { print, printJson, tell } from './print.ts'

/** What to say of a client certificate beside what it says itself. */
export interface ClientReport {
  readonly roles: readonly string[]
  readonly ceiling: readonly string[] | undefined
  /** A password that was made for its PKCS #12 file: shown here and never again. */
  readonly made: string | undefined
  readonly json: true | undefined
}

/** Prints what was issued, and a curl line that works where the key is here. */
export function reportClient(
  client: ClientIssued,
  { roles, ceiling, made, json }: ClientReport,
  config: Config,
): void {
  const { principal, uri, issued } = client
  const { certificate } = client.files
  const key = issued.key === undefined ? null : client.files.key
  const { root } = authorityFiles(config.certificates)
  const url = localEndpoint(config.listeners.certificates.port)
  const curl = key === null ? null : curlLine({ root, certificate, key, url })
  const { serial, thumbprint, notAfter: expiresAt } = issued.entry
  if (json === true) {
    const files = { certificate, key, p12: client.p12 ?? null, root }
    const secret = made === undefined ? {} : { p12Password: made }
    const about = { principal, uri, roles, ceiling: ceiling ?? null, serial, thumbprint, expiresAt }
    return printJson({ ...about, ...files, ...secret, url, curl })
  }
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['certificate', certificate],
    ['key', key],
    ['PKCS #12', client.p12],
    ['password', made && `${made} (of client.p12; it is not shown again)`],
    ['trust', root],
    ['identity', uri],
    ['at most', ceiling?.join(', ')],
    ['expires', expiresAt],
  ]
  for (const [what, value] of rows) if (value) print(`${what.padEnd(13)}${value}`)
  if (curl !== null) print(`\nWhile the server runs, list the tools that ${principal} may use:\n${curl}`)
  if (roles.length === 0)
    tell(
      `\n${principal} was granted no role: it may use what its grants in ${config.access} say, if there are any.`,
    )
}
