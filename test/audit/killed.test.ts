import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readTrail } from '../../src/audit/read-trail.ts'
import { verifyTrail } from '../../src/audit/verify-trail.ts'
import { signedTrail } from '../support/audit-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const WORKER = fileURLToPath(new URL('../support/recording-worker.ts', import.meta.url))

/** Runs a writer and kills it (SIGKILL) once it has said so many lines; all that it said. */
async function killed(args: readonly string[], after: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WORKER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => {
    if (said.push(line) === after) child.kill('SIGKILL')
  })
  await Promise.all([once(output, 'close'), once(child, 'exit')])
  assert.equal(child.signalCode, 'SIGKILL')
  return said
}

test('killed in the middle of writing: what was durable is there, the chain holds up to it, and the next start knows it', async (t) => {
  const directory = join(await temporaryDirectory(t), 'audit')
  const trail = signedTrail(directory)
  const key = join(directory, '..', 'key.pem')
  await writeFile(key, trail.privateKey)
  const said: string[] = []
  for (const [index, after] of [1, 37, 150, 400].entries())
    said.push(...(await killed([directory, `w${index}`, key], after)))
  const recorded = new Set<string>()
  for await (const { event } of readTrail(directory))
    if (typeof event['serial'] === 'string') recorded.add(event['serial'].split('-').slice(0, 2).join('-'))
  for (const serial of said) assert.ok(recorded.has(serial), `${serial} was durable`)
  const { chains, problems } = await verifyTrail(directory, { keys: trail.keys, anchors: [] })
  assert.deepEqual([problems, chains.map(({ problem }) => problem)], [[], [null, null, null, null]])
  for (const { writer, notes } of chains)
    for (const note of notes) assert.match(note, /are not signed|was cut short: torn by a crash/, writer)
  const links: string[] = []
  for await (const { event } of readTrail(directory))
    if (event.event === 'audit.opened')
      for (const { file } of event['others'] as { file: string }[]) links.push(file.slice(11))
  assert.deepEqual(links, ['w0.jsonl', 'w1.jsonl', 'w2.jsonl'])
})
