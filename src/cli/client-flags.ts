import type { Client } from '@modelcontextprotocol/client'
import type { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { assertClientName } from '../pki/name.ts'
import { configuration } from './configuration.ts'
import { connectAs, localEndpoint } from './mcp-client.ts'

/** The options of every command that connects as a client. */
export interface ClientFlags {
  readonly as: string
  readonly url?: string
  readonly json?: true
}

/** Adds them to a command. */
export function withClientOptions(command: Command): Command {
  return command
    .option('--as <name>', 'the client of certs/clients whose certificate to use', 'demo')
    .option('--url <url>', 'the MCP endpoint; by default the one that sallyport.yaml configures')
    .option('--json', 'print the result as JSON')
}

/** Connects, works, and closes. What goes wrong on the way is told in words that say what to do. */
export async function connected(flags: ClientFlags, work: (client: Client) => Promise<void>): Promise<void> {
  assertClientName(flags.as)
  if (flags.url !== undefined && !URL.canParse(flags.url))
    throw new SallyportError(
      'NAME_INVALID',
      `${flags.url} is no URL: write it as in https://localhost:8443/mcp`,
    )
  const config = configuration()
  const url = flags.url ?? localEndpoint(config.listeners.certificates.port)
  const connection = await connectAs({ certificates: config.certificates, as: flags.as, url }).catch(
    (error: unknown) => {
      throw explained(error, { as: flags.as, url, root: authorityFiles(config.certificates).root })
    },
  )
  try {
    await work(connection.client)
  } finally {
    await connection.close()
  }
}

/** What Node says of a server certificate that is not of our CA. */
const FOREIGN: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function explained(error: unknown, { as, url, root }: Attempt): unknown {
  const codes = [...causes(error)].map((cause) => ('code' in cause ? String(cause.code) : ''))
  const message = sentence(codes, { as, url, root })
  return message === undefined ? error : new SallyportError('CERTIFICATE_INVALID', message, { cause: error })
}

function sentence(codes: readonly string[], { as, url, root }: Attempt): string | undefined {
  const renew = `"npm start" renews the clients that it made, "npm run issue-client-cert" makes new ones`
  if (codes.includes('ECONNREFUSED')) return `nobody listens at ${url}: start the server with "npm start"`
  if (codes.some((code) => FOREIGN.has(code)))
    return `the server at ${url} is not of the CA in ${root}: is it another installation? Check --url and SALLYPORT_PORT`
  if (codes.some((code) => code.startsWith('ERR_SSL') || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET'))
    return `the server at ${url} closed the connection: the certificate of "${as}" is expired or not of its CA; ${renew}`
  if (codes.includes('CLIENT_HTTP_AUTHENTICATION'))
    return `the server at ${url} knows nobody by the certificate of "${as}": it is revoked, or of another trust domain; ${renew}`
  return undefined
}

interface Attempt {
  readonly as: string
  readonly url: string
  /** Path of the root certificate that was trusted. */
  readonly root: string
}

/** An error and its causes, the outermost first; bounded, since causes may go in circles. */
function* causes(error: unknown): Generator<Error> {
  let next = error
  for (let depth = 0; depth < 8 && next instanceof Error; depth++) {
    yield next
    next = next.cause
  }
}
