import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { tellLines } from '../../../src/mcp/upstreams/process-lines.ts'

/** What is told of a text that is written at once, each line so many ms after the one before. */
async function told(text: string, environment: Record<string, string> = {}, pause = 0): Promise<string[]> {
  const [lines, stderr] = [[] as string[], new PassThrough()]
  let time = 0
  const telling = tellLines(stderr, {
    onLine: (line) => lines.push(line),
    environment,
    now: () => (time += pause),
  })
  stderr.end(text)
  await telling
  return lines
}

test('so many lines are told in a second, and how many were not', async () => {
  assert.equal((await told('x\n'.repeat(10_000))).length, 50)
  const lines = await told('x\n'.repeat(1_000), {}, 5)
  assert.ok(lines.length < 400)
  assert.ok(lines.some((line) => /^\(\d+ lines were dropped\)$/.test(line)))
})

test('what stands in the environment is told by its name, the longest first', async () => {
  const environment = { SHORT: 'abc', TOKEN: 'secret-token', LONGER: 'secret-token-and-more' }
  assert.deepEqual(await told('abc secret-token-and-more secret-token\n', environment), [
    'abc [LONGER] [TOKEN]',
  ])
})

test('control characters are not told', async () => {
  assert.deepEqual(await told('a\u001b[2Jb\tc\u009bd\r\n'), ['a [2Jb c d'])
})

test('bytes that are no text are told of, not told', async () => {
  const [lines, stderr] = [[] as string[], new PassThrough()]
  const telling = tellLines(stderr, { onLine: (line) => lines.push(line), environment: {}, now: () => 0 })
  stderr.end(Buffer.from([0xff, 0xfe, 0x0a]))
  await telling
  assert.deepEqual(lines, ['(a line that is not utf8)'])
})
