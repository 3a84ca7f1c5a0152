// An MCP server of revision 2025-11-25 over stdio that does as the tool that is called says. It counts its starts in the
// file that it is given, and stays when it is told to end. Plain JavaScript without a package, so that it starts at once.
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [, , starts, begins = ''] = process.argv
const PIECE = 'x'.repeat(65_536)
const HUGE = 100_000_000

if (starts !== undefined) appendFileSync(starts, `${process.pid}\n`)
process.on('SIGTERM', () => undefined)
// Nobody who stays has an end of its input.
setInterval(() => undefined, 1_000_000)

const RESULTS = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'hostile', version: '1' },
  },
  'tools/list': {
    tools: ['pid', 'huge', 'noise', 'stderr', 'crash'].map((name) => ({
      name,
      inputSchema: { type: 'object' },
    })),
  },
}

const write = (text, stream = process.stdout) =>
  new Promise((resolve) => (stream.write(text) ? resolve() : stream.once('drain', resolve)))

async function pour(stream) {
  for (let length = 0; length < HUGE; length += PIECE.length) await write(PIECE, stream)
}

const TOOLS = {
  async huge(id) {
    await write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`)
    await pour(process.stdout)
    await write('"}]}}\n')
  },
  async noise(id) {
    await write(Buffer.from([0xff, 0xfe, 0x0a]))
    await write('npm notice\n'.repeat(10_000))
    await write(
      `{"jsonrpc":"2.0","id":999999,"result":{}}\n{"jsonrpc":"2.0","id":${id},"id":${id},"result":{}}\n`,
    )
    await write(`${'['.repeat(100_000)}\n`)
    return 'noisy'
  },
  async stderr() {
    void pour(process.stderr)
    return 'loud'
  },
  crash: () => process.exit(1),
  pid: () => String(process.pid),
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  if (begins === 'crashes' && method === 'tools/list') process.exit(1)
  const text = method === 'tools/call' ? await TOOLS[params.name](id) : undefined
  const result = text === undefined ? RESULTS[method] : { content: [{ type: 'text', text }] }
  if (result !== undefined) await write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`)
})
