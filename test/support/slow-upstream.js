// An MCP server of revision 2025-11-25 that keeps nothing between calls and waits as long as it is told: over stdio, or
// (`http`) over Streamable HTTP without sessions. Plain JavaScript without a package, so that twenty of them start at once.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const TOOLS = [
  {
    name: 'slow',
    inputSchema: { type: 'object', properties: { ms: { type: 'number' }, word: { type: 'string' } } },
  },
  { name: 'stats', inputSchema: { type: 'object' } },
  { name: 'pid', inputSchema: { type: 'object' } },
]
const stats = { running: 0, done: 0, cancelled: 0 }
const running = new Map()

const text = (value) => ({ content: [{ type: 'text', text: value }] })

function call(key, { name, arguments: args = {} }) {
  if (name === 'stats') return Promise.resolve(text(JSON.stringify(stats)))
  if (name === 'pid') return Promise.resolve(text(String(process.pid)))
  stats.running += 1
  const { promise, resolve } = Promise.withResolvers()
  const end = (kind, result) => {
    if (!running.delete(key)) return
    clearTimeout(timer)
    stats.running -= 1
    stats[kind] += 1
    resolve(result)
  }
  const timer = setTimeout(() => end('done', text(args.word)), args.ms)
  running.set(key, () => end('cancelled', undefined))
  return promise
}

/** The answer to a message, or `undefined` for none. A call runs under `key`, by which it is cancelled. */
async function answer({ id, method, params }, key = id) {
  if (method === 'notifications/cancelled') running.get(params.requestId)?.()
  if (id === undefined) return undefined
  const result = await resultOf(key, method, params)
  if (result === undefined) return undefined
  return result === null
    ? { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }
    : { jsonrpc: '2.0', id, result }
}

async function resultOf(key, method, params) {
  if (method === 'initialize')
    return {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'slow', version: '1' },
    }
  if (method === 'ping') return {}
  if (method === 'tools/list') return { tools: TOOLS }
  if (method === 'tools/call') return call(key, params)
  return null
}

function overStdio() {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const message = await answer(JSON.parse(line))
    if (message !== undefined) process.stdout.write(`${JSON.stringify(message)}\n`)
  })
}

function overHttp() {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const chunks = await request.toArray()
    const posted = JSON.parse(Buffer.concat(chunks).toString())
    // Ids are unique to a client, and there are several.
    const key = Symbol(posted.method)
    response.on('close', () => running.get(key)?.())
    const message = await answer(posted, key)
    if (message === undefined) return response.writeHead(202).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message))
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
  process.stdin.resume().on('end', () => process.exit())
}

if (process.argv[2] === 'http') overHttp()
else overStdio()
