import assert from 'node:assert/strict'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { readTrail, type DamagedLine, type TrailFilter } from '../../src/audit/read-trail.ts'
import { fileAuditSink } from '../../src/audit/sink.ts'
import { issued } from '../support/audit-events.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const HOUR = 3_600_000

/** Writes one event at each of some times, named by its time in hours from noon on. */
async function write(directory: string, writer: string, hours: readonly number[]): Promise<void> {
  let now = NOON
  const sink = await fileAuditSink({ directory, writer, now: () => now })
  for (const hour of hours) {
    now = NOON + hour * HOUR
    await sink.record(issued(String(hour)))
  }
  await sink.close()
}

async function read(directory: string, filter?: TrailFilter): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { file, line, event } of readTrail(directory, filter))
    found.push(`${file}:${line} ${JSON.stringify(event['serial'] ?? event.event).replaceAll('"', '')}`)
  return found
}

async function serials(t: TestContext, filter: TrailFilter): Promise<readonly string[]> {
  const directory = await temporaryDirectory(t)
  await write(directory, 'a', [0, 2, 4, 13, 37])
  await write(directory, 'b', [1, 2, 3, 36, 60])
  return (await read(directory, filter)).map((text) => text.split(' ')[1] ?? '')
}

test('the lines of several writers come in the order of their times, with file and number', async (t) => {
  const directory = await temporaryDirectory(t)
  await write(directory, 'a', [0, 2, 13])
  await write(directory, 'b', [1, 3, 14])
  assert.deepEqual(await read(directory), [
    '2026-11-21-a.jsonl:1 0',
    '2026-11-21-b.jsonl:1 1',
    '2026-11-21-a.jsonl:2 2',
    '2026-11-21-b.jsonl:2 3',
    '2026-11-22-a.jsonl:1 13',
    '2026-11-22-b.jsonl:1 14',
  ])
})

test('only what happened between two times', async (t) => {
  const between = await serials(t, { since: NOON + 2 * HOUR, until: NOON + 36 * HOUR })
  assert.deepEqual(between, ['2', '2', '3', '4', '13', '36'])
  assert.deepEqual(await serials(t, { since: NOON + 37 * HOUR }), ['37', '60'])
  assert.deepEqual(await serials(t, { until: NOON }), ['0'])
})

test('a clock that went back hides nothing', async (t) => {
  const directory = await temporaryDirectory(t)
  await write(directory, 'a', [12, 11.9, 13])
  const found = await read(directory, { since: NOON + 11 * HOUR, until: NOON + 11.95 * HOUR })
  assert.deepEqual(found, ['2026-11-22-a.jsonl:2 11.9'])
})

test('damaged lines are reported where they are, and the others are read', async (t) => {
  const directory = await temporaryDirectory(t)
  await write(directory, 'a', [0, 1])
  await appendFile(join(directory, '2026-11-21-a.jsonl'), '[]\n{"at":"never","event":"x"}\n\n{"v":1,"seq"')
  const damaged: DamagedLine[] = []
  assert.equal((await read(directory, { onDamaged: (one) => damaged.push(one) })).length, 2)
  assert.deepEqual(
    damaged.map(({ line, problem }) => [line, problem]),
    [
      [3, 'it is no audit event'],
      [4, 'it is no audit event'],
      [5, 'it is no audit event'],
      [6, 'it was cut short'],
    ],
  )
})

test('refusals of strangers stand among the others, whatever day it was', async (t) => {
  const directory = await temporaryDirectory(t)
  await write(directory, 'a', [0, 13, 40])
  const refused = (hour: number) =>
    `${JSON.stringify({ v: 1, at: new Date(NOON + hour * HOUR).toISOString(), event: 'request.refused' })}\n`
  await writeFile(join(directory, 'anonymous-a.jsonl'), refused(14) + refused(15))
  await writeFile(join(directory, 'anonymous-a.jsonl.1'), refused(1) + refused(2))
  const found = (await read(directory)).map((text) => text.split(' ')[1])
  const stranger = 'request.refused'
  assert.deepEqual(found, ['0', stranger, stranger, '13', stranger, stranger, '40'])
})

test('lines that go over the pieces in which a file is read, and one that is longer than any', async (t) => {
  const directory = await temporaryDirectory(t)
  const line = (serial: number, filler: number) =>
    `${JSON.stringify({ at: new Date(NOON).toISOString(), event: 'x', serial, filler: 'é'.repeat(filler) })}\n`
  const text = [1, 30_000, 32_750, 65_500, 200_000].map((filler, index) => line(index, filler)).join('')
  await writeFile(join(directory, '2026-11-21-a.jsonl'), text + line(5, 600_000) + line(6, 1))
  const damaged: number[] = []
  const found = await read(directory, { onDamaged: (one) => damaged.push(one.line) })
  assert.deepEqual(
    found.map((one) => one.split(' ')[1]),
    ['0', '1', '2', '3', '4', '6'],
  )
  assert.deepEqual(damaged, [6])
})

test('no folder is an empty trail; one that is no folder is a fault', async (t) => {
  const directory = await temporaryDirectory(t)
  assert.deepEqual(await read(join(directory, 'none')), [])
  await writeFile(join(directory, 'file'), '')
  await assert.rejects(read(join(directory, 'file')), { code: 'AUDIT_UNAVAILABLE', message: /ENOTDIR/ })
  await mkdir(join(directory, '2026-11-21-a.jsonl'))
  await assert.rejects(read(directory), { code: 'AUDIT_UNAVAILABLE', message: /EISDIR/ })
})
