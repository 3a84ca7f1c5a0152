import type { Client } from '@modelcontextprotocol/client'
import type { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { assertClientName } from '../pki/name.ts'
import { configuration } from './configuration.ts'
import { codesOf, connectionFault, faultSentence, unknownSentence, type Attempt } from './connection-fault.ts'
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

function explained(error: unknown, attempt: Attempt): unknown {
  const fault = connectionFault(error)
  if (fault !== undefined) return invalid(faultSentence(fault, attempt), error)
  // What the SDK's transport says of a 401.
  const isUnknown = codesOf(error).includes('CLIENT_HTTP_AUTHENTICATION')
  return isUnknown ? invalid(unknownSentence(attempt), error) : error
}

function invalid(message: string, cause: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', message, { cause })
}
