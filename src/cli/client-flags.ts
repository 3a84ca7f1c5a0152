import type { Client } from '@modelcontextprotocol/client'
import type { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
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
  const config = loadConfig(process.env, process.cwd())
  const url = flags.url ?? localEndpoint(config.listeners.certificates.port)
  const connection = await connectAs({ certificates: config.certificates, as: flags.as, url }).catch(
    (error: unknown) => {
      throw explained(error, flags.as, url)
    },
  )
  try {
    await work(connection.client)
  } finally {
    await connection.close()
  }
}

function explained(error: unknown, as: string, url: string): unknown {
  const codes = [...causes(error)].map((cause) => ('code' in cause ? String(cause.code) : ''))
  if (codes.includes('ECONNREFUSED'))
    return new SallyportError('NOT_FOUND', `nobody listens at ${url}: start the server with "npm start"`)
  if (codes.some((code) => code.startsWith('ERR_SSL') || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET'))
    return new SallyportError(
      'CERTIFICATE_INVALID',
      `the server at ${url} closed the connection: the certificate of "${as}" is expired, revoked or not of its CA`,
    )
  return error
}

/** An error and its causes, the outermost first; bounded, since causes may go in circles. */
function* causes(error: unknown): Generator<Error> {
  let next = error
  for (let depth = 0; depth < 8 && next instanceof Error; depth++) {
    yield next
    next = next.cause
  }
}
