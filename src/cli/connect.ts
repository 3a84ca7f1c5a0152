import { Command, Option } from 'commander'
import { loadConfig } from '../config/config.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { bridge, type BridgeOptions } from './bridge.ts'
import { keepCredential } from './bridge-credential.ts'
import { keepLogin } from './bridge-login.ts'
import { findIdentity, type Identity } from './client-identity.ts'
import { assertHttpsUrl } from './https-url.ts'
import { localEndpoint } from './mcp-client.ts'
import { tell } from './print.ts'
import { renewIdentity } from './renewal.ts'
import { sessionFor } from './session-for.ts'
import { keptSession, sessionFile, type KeptSession } from './session-file.ts'

interface Flags {
  readonly as?: string
  readonly dir?: string
  readonly session?: true
}

const EXAMPLES = `
Examples:
  npx sallyport connect
  npx sallyport connect https://door.example:8443/mcp --as billing
  npx sallyport connect https://door.example:8443 --dir ~/.config/sallyport/clients/billing
  npx sallyport connect https://door.example:8444 --session

A client that starts MCP servers by a command starts this one; "npx sallyport client setup" writes that into the
configuration of the common ones. Standard output carries messages only, everything else goes to standard error.
Without a certificate the session is used that "npx sallyport login URL" keeps for that server; when it ends, log in
again, and requests go through again.

Exit codes: 0 the client closed the connection, 1 refused or failed, 2 wrong usage.`

/** The client whose certificate is used unless another is named. */
const DEFAULT_CLIENT = 'demo'

/** `sallyport connect`: an MCP server on standard input and output that is the one at a URL, by certificate or session. */
export function connectCommand(): Command {
  return new Command('connect')
    .description('Be an MCP server on standard input and output, for clients that have no certificate.')
    .argument('[url]', 'the MCP endpoint (/mcp unless the URL says more); by default that of sallyport.yaml')
    .option(
      '--as <name>',
      `the client whose certificate to use, of certs/clients here or of ~/.config/sallyport (default: "${DEFAULT_CLIENT}")`,
    )
    .option('--dir <folder>', 'the folder of the identity, wherever it is')
    .addOption(new Option('--session', 'use the session of "sallyport login"').conflicts(['as', 'dir']))
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(address: string | undefined, flags: Flags): Promise<void> {
  const known = await knownBy(address, flags)
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop)
  await bridge({
    ...known,
    input: process.stdin,
    output: process.stdout,
    tell: toldOnStandardError,
    now: Date.now,
    signal: controller.signal,
  })
}

type Known = Pick<BridgeOptions, 'url' | 'credential'>

/** By the certificate that is named, or is there; by the session where there is none, or that is what is asked for. */
async function knownBy(address: string | undefined, { as, dir, session }: Flags): Promise<Known> {
  if (session === true) return bySession(await sessionFor(address), address)
  const url = endpointOf(address)
  const find = async (): Promise<Identity> => findIdentity({ as: as ?? DEFAULT_CLIENT, dir, now: Date.now() })
  try {
    return byCertificate(url, await find(), find)
  } catch (error) {
    const isNamed = as !== undefined || dir !== undefined
    if (isNamed || !isSallyportError(error, 'NOT_FOUND')) throw error
    const kept = await keptSession(url.origin, process.env)
    if (kept === undefined) throw neither(url, error)
    return bySession(kept, address)
  }
}

function byCertificate(url: URL, identity: Identity, find: () => Promise<Identity>): Known {
  const renew = async (old: Identity): Promise<Identity> => renewIdentity(old, url, { now: Date.now })
  return {
    url,
    credential: (onExpired) =>
      keepCredential({ identity, url, find, renew, now: Date.now, tell: toldOnStandardError, onExpired }),
  }
}

function bySession(session: KeptSession, address: string | undefined): Known {
  const url = endpointOf(address ?? session.server)
  const find = async (): Promise<KeptSession | undefined> => keptSession(session.server, process.env)
  const file = sessionFile(session.server, process.env)
  return { url, credential: () => keepLogin({ session, url, file, find }) }
}

function neither({ origin }: URL, cause: SallyportError): SallyportError {
  return new SallyportError(
    'NOT_FOUND',
    `${cause.message}; nor are you logged in at ${origin}: "sallyport login ${origin}" logs in at a door for people`,
    { cause },
  )
}

function toldOnStandardError(line: string): void {
  tell(`sallyport: ${line}`)
}

/**
 * The MCP endpoint that a command line means: `/mcp` of a URL without a path; without a URL that of the installation here.
 *
 * @throws SallyportError `NAME_INVALID` or `CONFIGURATION_INVALID`
 */
export function endpointOf(address: string | undefined): URL {
  if (address === undefined) return new URL(configured())
  const url = assertHttpsUrl(address)
  if (url.pathname === '/') url.pathname = '/mcp'
  return url
}

function configured(): string {
  const { file, listeners } = loadConfig(process.env, process.cwd())
  if (file !== null) return localEndpoint(listeners.certificates.port)
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    'there is no sallyport.yaml here that says where the server is: say it, as in "sallyport connect https://HOST:8443/mcp"',
  )
}
