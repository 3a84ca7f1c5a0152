import type { Client } from '@modelcontextprotocol/client'
import { Option, type Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { assertClientName } from '../pki/name.ts'
import type { Access } from './bridge-connection.ts'
import { accessBySession } from './bridge-login.ts'
import { configuration } from './configuration.ts'
import {
  codesOf,
  connectionFault,
  faultSentence,
  unknownSentence,
  type ConnectionFault,
} from './connection-fault.ts'
import { accessByCertificate, connectClient, localEndpoint } from './mcp-client.ts'
import { sessionFor } from './session-for.ts'
import { endedSentence, sessionFaultSentence } from './session-fault.ts'

/** The options of every command that connects as a client. */
export interface ClientFlags {
  readonly as: string
  readonly session?: true
  readonly url?: string
  readonly json?: true
}

/** Adds them to a command. */
export function withClientOptions(command: Command): Command {
  return command
    .option('--as <name>', 'the client of certs/clients whose certificate to use', 'demo')
    .addOption(new Option('--session', 'use the session of "sallyport login" instead').conflicts('as'))
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
  const { access, url, faultWords, unknownWords } =
    flags.session === true ? await bySession(flags) : byCertificate(flags)
  const connection = await connectClient(access, url).catch((error: unknown) => {
    const fault = connectionFault(error)
    if (fault !== undefined) throw invalid(faultWords(fault), error)
    // What the SDK's transport says of a 401.
    throw codesOf(error).includes('CLIENT_HTTP_AUTHENTICATION') ? invalid(unknownWords, error) : error
  })
  try {
    await work(connection.client)
  } finally {
    await connection.close()
  }
}

/** Where to connect, by what, and what to tell of what may go wrong. */
interface Target {
  readonly access: Access
  readonly url: string
  faultWords(fault: ConnectionFault): string
  readonly unknownWords: string
}

function byCertificate({ as, url: named }: ClientFlags): Target {
  const { certificates, listeners } = configuration()
  const url = named ?? localEndpoint(listeners.certificates.port)
  const attempt = { as, url, root: authorityFiles(certificates).root }
  return {
    access: accessByCertificate(certificates, as),
    url,
    faultWords: (fault) => faultSentence(fault, attempt),
    unknownWords: unknownSentence(attempt),
  }
}

async function bySession({ url: named }: ClientFlags): Promise<Target> {
  const session = await sessionFor(named)
  const url = new URL(named ?? session.server)
  if (url.pathname === '/') url.pathname = '/mcp'
  return {
    access: accessBySession(session),
    url: url.href,
    faultWords: (fault) => sessionFaultSentence(fault, url),
    unknownWords: endedSentence(session.server),
  }
}

function invalid(message: string, cause: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', message, { cause })
}
