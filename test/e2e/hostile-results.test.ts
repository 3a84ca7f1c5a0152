import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { stream, type Got } from '../support/dialed.ts'
import { calledIn, hostileDoor, textResult, type HostileDoor } from '../support/hostile.ts'

const BYTES = 1_000_000
const HUGE = 100_000_000
const JSON_TYPE = { 'content-type': 'application/json' }
const EVENTS_TYPE = { 'content-type': 'text/event-stream' }
const PIECE = 65_536

/** What is said in the place of a result; `ID` stands for the id. What is no text is sent as it is. */
const GARBAGE: Readonly<Record<string, readonly [answer: string | Buffer, why: RegExp]>> = {
  nonsense: ['{"jsonrpc":"2.0","id":ID,"result":', /not JSON/],
  not_utf8: [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), /not UTF-8/],
  deep: [answered(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`), /deeper than 256 levels/],
  many: [answered(`{"content":[],"structuredContent":{"a":[${'[],'.repeat(300_000)}0]}}`), /more values/],
  twice: [answered('{"content":[],"content":[{"type":"text","text":"two"}]}'), /same key twice/],
  prototype: [answered('{"content":[],"__proto__":{"isError":true}}'), /__proto__/],
  never_asked: ['{"jsonrpc":"2.0","id":987654,"result":{"content":[]}}', /no answer to the request/],
  no_result: [answered('7'), /result is no object/],
  no_content: [answered('{"content":"text"}'), /none of this method/],
  both: ['{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"error":{"code":1}}', /a result and an error/],
}

function answered(result: string): string {
  return `{"jsonrpc":"2.0","id":ID,"result":${result}}`
}

/** Bytes that were written, however many of them were read. */
let written = 0
/** How many hang up in the middle of it. */
let hungUp = 0

let door: HostileDoor
before(async () => {
  const tools = ['huge', 'huge_event', 'endless', 'closes', 'garbage', 'errors', 'doubled']
  door = await hostileDoor({
    results: { bytes: BYTES, tools, answer },
    endless: { bytes: BYTES, limits: { timeout: 600 }, tools: ['events', 'loris'], answer },
  })
})
after(async () => door.close())

function answer(got: Got, response: ServerResponse): boolean {
  response.once('close', () => void (hungUp += response.writableFinished ? 0 : 1))
  switch (calledIn(got)) {
    case 'huge':
      response.writeHead(200, { ...JSON_TYPE, 'content-length': String(HUGE) })
      pour(response, Buffer.alloc(PIECE, '['), HUGE)
      return true
    case 'huge_event':
      response.writeHead(200, EVENTS_TYPE)
      pour(response, Buffer.alloc(PIECE, 'data: x'), HUGE)
      return true
    case 'endless':
      response.writeHead(200, JSON_TYPE)
      pour(response, Buffer.alloc(PIECE, ' '), Infinity)
      return true
    case 'events': {
      const noise = { method: 'notifications/none', params: { noise: 'x'.repeat(BYTES / 2) } }
      const event = `data: ${JSON.stringify({ jsonrpc: '2.0', ...noise })}\n\n`
      response.writeHead(200, EVENTS_TYPE)
      pour(response, Buffer.from(event), Infinity)
      return true
    }
    case 'loris': {
      response.writeHead(200, JSON_TYPE)
      const timer = setInterval(() => response.write('['), 10)
      response.once('close', () => clearInterval(timer))
      return true
    }
    case 'closes':
      response.writeHead(200, EVENTS_TYPE)
      response.write('data: {"jsonrpc":"2.0",', () => response.socket?.destroy())
      return true
    case 'garbage': {
      const { garbage = '' } = (got.params?.['arguments'] ?? {}) as Record<string, string>
      const body = GARBAGE[garbage]?.[0] ?? ''
      const bytes = typeof body === 'string' ? body.replaceAll('ID', String(got.id)) : body
      response.writeHead(200, JSON_TYPE).end(bytes)
      return true
    }
    case 'errors': {
      const tell = stream(response)
      const error = { code: -32_000, message: 'x'.repeat(1000), data: { noise: 'y'.repeat(1000) } }
      for (let other = 0; other < 1_000; other++) tell({ id: `other-${other}`, error })
      tell({ id: got.id, error: { code: -32_021, message: 'x', data: {} } })
      response.end()
      return true
    }
    case 'doubled': {
      const tell = stream(response)
      for (const text of ['first', 'second', 'third']) tell({ id: got.id, result: textResult(text) })
      response.end()
      return true
    }
    default:
      return false
  }
}

/** Writes at the pace of who reads, until that hangs up. */
function pour(response: ServerResponse, piece: Buffer, most: number): void {
  let own = 0
  const write = (): void => {
    while (!response.destroyed && own < most) {
      own += piece.length
      written += piece.length
      if (!response.write(piece)) return void response.once('drain', write)
    }
  }
  write()
}

/** Why the calls that were told this have no result, as the operator finds it by the request ids in their words. */
function whysOf(said: readonly string[]): readonly string[] {
  return said.map((words) => {
    const [, id = 'none'] = /request ([0-9a-f-]{36})/.exec(words) ?? []
    return door.log.find((line) => line.includes(id)) ?? `nothing is logged about ${words}`
  })
}

async function countOf(answerKind: string): Promise<number> {
  const text = await door.server.metrics.text()
  const lines = text.split('\n').filter((line) => line.startsWith('sallyport_upstream_calls_total{'))
  const own = lines.filter((line) => line.includes(`answer="${answerKind}"`))
  return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

for (const tool of ['huge', 'huge_event', 'endless'])
  test(`a result that is ${tool} is not read to its end, and its callers and the operator are told`, async () => {
    written = 0
    const hungUpBefore = hungUp
    const calls = door.calls('results', tool)
    await door.goesOn()
    const said = await calls
    for (const words of said) assert.match(words, /^The upstream "results-\w+" answered with more than is/)
    for (const why of whysOf(said)) assert.match(why, /"answer":"too_large"/)
    // Of each what it may have, what the kernel keeps on the way, and not much beyond.
    assert.ok(written < said.length * 10 * BYTES, String(written))
    assert.equal(hungUp - hungUpBefore, said.length)
  })

for (const tool of ['events', 'loris'])
  test(`a result that never ends (${tool}) ends with the time there is, and holds nobody else up`, async () => {
    const calls = door.calls('endless', tool)
    await door.goesOn()
    const said = await calls
    for (const words of said) assert.match(words, /^The upstream "endless-\w+" took too long, and may still/)
    for (const why of whysOf(said)) assert.match(why, /"answer":"timeout"/)
    await door.goesOn()
  })

test('who hangs up in the middle of a call may have carried it out, and nobody else notices', async () => {
  const [said] = await Promise.all([door.calls('results', 'closes'), door.goesOn()])
  for (const words of said) assert.match(words, /^The upstream "results-\w+" went away in the middle/)
  for (const why of whysOf(said)) assert.match(why, /"answer":"down"/)
})

for (const [garbage, [, reason]] of Object.entries(GARBAGE))
  test(`an answer that cannot be understood (${garbage}) is dull outside, and its reason is in the log`, async () => {
    const said = await door.calls('results', 'garbage', { garbage })
    for (const words of said) assert.match(words, /^The upstream "results-\w+" gave an answer that cannot be/)
    for (const why of whysOf(said)) assert.match(why, reason)
  })

test('errors that nobody asked for come to nobody, and the one that is an answer says nothing of our hop', async () => {
  const said = await door.calls('results', 'errors')
  for (const words of said) {
    assert.match(words, /The upstream "results-\w+" does not understand the request/)
    assert.doesNotMatch(words, /xxx|yyy/)
  }
})

test('of answers that are given twice the first one counts, and the call after it has its own', async () => {
  for (let time = 0; time < 3; time++)
    assert.deepEqual(new Set(await door.calls('results', 'doubled')), new Set(['first']))
})

test('all that has happened is counted, and nothing is left of it', async () => {
  await door.goesOn()
  assert.equal(await countOf('too_large'), 3 * 4)
  assert.equal(await countOf('timeout'), 2 * 4)
  assert.ok((await countOf('garbage')) >= (Object.keys(GARBAGE).length - 1) * 4)
  for (const { name, inFlight, connections } of door.upstreams.status()) {
    assert.equal(inFlight, 0, name)
    assert.ok(connections <= 3, `${name} has ${connections} connections`)
  }
})
