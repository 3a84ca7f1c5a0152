import { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { bridge } from './bridge.ts'
import { findIdentity, type Identity } from './client-identity.ts'
import { assertHttpsUrl } from './https-url.ts'
import { localEndpoint } from './mcp-client.ts'
import { tell } from './print.ts'
import { renewIdentity } from './renewal.ts'

interface Flags {
  readonly as: string
  readonly dir?: string
}

const EXAMPLES = `
Examples:
  npx sallyport connect
  npx sallyport connect https://door.example:8443/mcp --as billing
  npx sallyport connect https://door.example:8443 --dir ~/.config/sallyport/clients/billing

A client that starts MCP servers by a command starts this one; "npx sallyport client setup" writes that into the
configuration of the common ones. Standard output carries messages only, everything else goes to standard error.

Exit codes: 0 the client closed the connection, 1 refused or failed, 2 wrong usage.`

/** `sallyport connect`: an MCP server on standard input and output that is the one at a URL, by client certificate. */
export function connectCommand(): Command {
  return new Command('connect')
    .description('Be an MCP server on standard input and output, for clients that have no certificate.')
    .argument('[url]', 'the MCP endpoint (/mcp unless the URL says more); by default that of sallyport.yaml')
    .option(
      '--as <name>',
      'the client whose certificate to use, of certs/clients here or of ~/.config/sallyport',
      'demo',
    )
    .option('--dir <folder>', 'the folder of the identity, wherever it is')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(address: string | undefined, { as, dir }: Flags): Promise<void> {
  const url = endpointOf(address)
  const find = async (): Promise<Identity> => findIdentity({ as, dir, now: Date.now() })
  const identity = await find()
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop)
  await bridge({
    url,
    identity,
    input: process.stdin,
    output: process.stdout,
    tell: (line) => tell(`sallyport: ${line}`),
    find,
    renew: async (old) => renewIdentity(old, url, { now: Date.now }),
    now: Date.now,
    signal: controller.signal,
  })
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
