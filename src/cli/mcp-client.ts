import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Agent, fetch as undiciFetch } from 'undici'
import { SallyportError } from '../errors.ts'
import { VERSION } from '../version.ts'
import type { Access } from './bridge-connection.ts'

/** A connected client and how to end it. */
export interface ConnectedClient {
  readonly client: Client
  close(): Promise<void>
}

/**
 * Connects by a certificate or a session, in whichever protocol era the server speaks.
 *
 * @param url of the MCP endpoint
 * @throws what the connection says
 */
export async function connectClient({ tls, headers }: Access, url: string): Promise<ConnectedClient> {
  const dispatcher = new Agent({ connect: tls })
  const client = new Client({ name: 'sallyport', version: VERSION }, { versionNegotiation: { mode: 'auto' } })
  // undici's own fetch, since the one built into Node takes no dispatcher of another copy.
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: async (to, init) => fetchWith(dispatcher, headers, to, init),
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
async function fetchWith(
  dispatcher: Agent,
  own: Access['headers'],
  url: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  const { method, headers, body, signal } = init
  return undiciFetch(url, {
    dispatcher,
    headers: [...new Headers(headers), ...Object.entries(own)],
    // What we are known by is for this server, and no other that it may name.
    redirect: 'error',
    ...(method === undefined ? {} : { method }),
    ...(typeof body === 'string' ? { body } : {}),
    ...(signal === undefined ? {} : { signal }),
  })
}

/**
 * What a client of an installation connects by.
 *
 * @param certificates the certs folder; the client's certificate is in `clients/NAME` of it
 * @throws SallyportError `NOT_FOUND` if there is no such certificate
 */
export function accessByCertificate(certificates: string, as: string): Access {
  const directory = join(certificates, 'clients', as)
  try {
    const tls = {
      ca: readFileSync(join(certificates, 'ca', 'root.pem'), 'utf8'),
      cert: readFileSync(join(directory, 'client.pem'), 'utf8'),
      key: readFileSync(join(directory, 'client.key.pem'), 'utf8'),
    }
    return { tls, headers: {} }
  } catch (cause) {
    const missing = cause instanceof Error && 'path' in cause ? String(cause.path) : directory
    const message = `there is no usable certificate of "${as}", since ${missing} cannot be read: make one with "npm run issue-client-cert -- ${as}"`
    throw new SallyportError('NOT_FOUND', message, { cause })
  }
}
