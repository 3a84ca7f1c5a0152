/** The files and the address that a client connects with. */
export interface CurlTarget {
  readonly root: string
  readonly certificate: string
  readonly key: string
  readonly url: string
}

const PROTOCOL = '2026-07-28'

/** A command for a POSIX shell, on one line, that lists the tools which a client may see (MCP 2026-07-28). */
export function curlLine({ root, certificate, key, url }: CurlTarget): string {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': PROTOCOL,
    'mcp-method': 'tools/list',
  }
  const trust = ['--cacert', root, '--cert', certificate, '--key', key]
  const head = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  return ['curl', '-sS', ...trust, ...head, '-d', JSON.stringify(listRequest()), url].map(quoted).join(' ')
}

function listRequest(): unknown {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': PROTOCOL,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'curl', version: '1' },
  }
  return { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }
}

/** A word as the shell has to be given it, so that it is nothing but that word. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
