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
// With `many` in its URL it has fifty tools, as long-winded as tools are; else one.
const tool = (_, index) => ({
  name: index === 0 ? 'probe' : `probe_${index}`,
  description: 'Looks for what was asked for, and says where it is. '.repeat(4),
  inputSchema: { type: 'object', properties: { word: { type: 'string', description: 'What to look for.' } } },
})
const listed = (length) => ({ tools: Array.from({ length }, tool), ttlMs: 0, cacheScope: 'private' })
const CALLED = { content: [{ type: 'text', text: 'hello' }] }

const resultOf = (method, tools) => (method === 'tools/list' ? listed(tools) : (RESULTS[method] ?? CALLED))
const answerTo = ({ id, method }, tools = 1) =>
  id === undefined ? undefined : JSON.stringify({ jsonrpc: '2.0', id, result: resultOf(method, tools) })

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
      const posted = JSON.parse(Buffer.concat(chunks).toString())
      const answer = answerTo(posted, request.url === '/many' ? 50 : 1)
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
