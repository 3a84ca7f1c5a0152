import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Agent, fetch as undiciFetch } from 'undici'
import { SallyportError } from '../errors.ts'
import { VERSION } from '../version.ts'

/** Where to connect, and as whom. */
export interface ClientOptions {
  /** The certs folder; the client's certificate is in `clients/NAME` of it. */
  readonly certificates: string
  /** Name of the client whose certificate to present. */
  readonly as: string
  /** URL of the MCP endpoint. */
  readonly url: string
}

/** A connected client and how to end it. */
export interface ConnectedClient {
  readonly client: Client
  close(): Promise<void>
}

/**
 * Connects by the certificate of a client, in whichever protocol era the server speaks.
 *
 * @throws SallyportError `NOT_FOUND` if there is no such certificate; what the connection says otherwise
 */
export async function connectAs(options: ClientOptions): Promise<ConnectedClient> {
  const dispatcher = new Agent({ connect: tlsOf(options) })
  const client = new Client({ name: 'sallyport', version: VERSION }, { versionNegotiation: { mode: 'auto' } })
  // undici's own fetch, since the one built into Node takes no dispatcher of another copy.
  const transport = new StreamableHTTPClientTransport(new URL(options.url), {
    fetch: async (url, init) => fetchWith(dispatcher, url, init),
  })
  try {
    await client.connect(transport)
  } catch (error) {
    await dispatcher.destroy()
    throw error
  }
  return {
    client,
    async close() {
      await client.close()
      await dispatcher.close()
    },
  }
}

/** The URL of the MCP endpoint of a server on this machine. */
export function localEndpoint(port: number): string {
  return `https://localhost:${port}/mcp`
}

/** The two copies of undici's types differ in corners; only what the transport really uses is handed on. */
async function fetchWith(dispatcher: Agent, url: string | URL, init: RequestInit = {}): Promise<Response> {
  const { method, headers, body, signal } = init
  return undiciFetch(url, {
    dispatcher,
    headers: [...new Headers(headers)],
    ...(method === undefined ? {} : { method }),
    ...(typeof body === 'string' ? { body } : {}),
    ...(signal === undefined ? {} : { signal }),
  })
}

function tlsOf({ certificates, as }: ClientOptions): { ca: string; cert: string; key: string } {
  const directory = join(certificates, 'clients', as)
  try {
    return {
      ca: readFileSync(join(certificates, 'ca', 'root.pem'), 'utf8'),
      cert: readFileSync(join(directory, 'client.pem'), 'utf8'),
      key: readFileSync(join(directory, 'client.key.pem'), 'utf8'),
    }
  } catch (cause) {
    const missing = cause instanceof Error && 'path' in cause ? String(cause.path) : directory
    const message = `there is no usable certificate of "${as}", since ${missing} cannot be read: make one with "npm run issue-client-cert -- ${as}"`
    throw new SallyportError('NOT_FOUND', message, { cause })
  }
}
