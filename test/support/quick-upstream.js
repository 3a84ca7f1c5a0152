// An MCP server of both eras that does nothing, quickly: over HTTP (it says its port), or over stdio (`stdio`). Plain
// JavaScript without a package: what is measured against it is the other side.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const RESULTS = {
  'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'quick', version: '1' },
  },
}
const CALLED = { content: [{ type: 'text', text: 'hello' }] }

const answerTo = ({ id, method }) =>
  id === undefined ? undefined : JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] ?? CALLED })

if (process.argv[2] === 'stdio')
  createInterface({ input: process.stdin }).on('line', (line) => {
    const answer = answerTo(JSON.parse(line))
    if (answer !== undefined) process.stdout.write(`${answer}\n`)
  })
else
  createServer((request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const answer = answerTo(JSON.parse(Buffer.concat(chunks).toString()))
      if (answer === undefined) return response.writeHead(202).end()
      const isStream = request.url === '/stream'
      const body = isStream ? `event: message\ndata: ${answer}\n\n` : answer
      response.writeHead(200, {
        'content-type': isStream ? 'text/event-stream' : 'application/json',
        ...(isStream ? {} : { 'content-length': Buffer.byteLength(body) }),
      })
      response.end(body)
    })
  }).listen(0, '127.0.0.1', function listening() {
    process.stdout.write(`${this.address().port}\n`)
  })
