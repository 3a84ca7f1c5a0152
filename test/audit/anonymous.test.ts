import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { anonymousLog } from '../../src/audit/anonymous.ts'
import type { AnonymousLog } from '../../src/audit/anonymous.ts'
import type { RequestRefused } from '../../src/audit/event.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOON = Date.UTC(2026, 10, 21, 12)

interface Kept {
  readonly log: AnonymousLog
  readonly path: string
  readonly clock: { now: number }
  readonly errors: unknown[]
}

async function kept(t: TestContext): Promise<Kept> {
  const directory = await temporaryDirectory(t)
  const clock = { now: NOON }
  const errors: unknown[] = []
  const log = anonymousLog({
    directory,
    writer: 'w',
    now: () => clock.now,
    onError: (error) => errors.push(error),
  })
  return { log, path: join(directory, 'anonymous-w.jsonl'), clock, errors }
}

function refused(reason: RequestRefused['reason'], address = '192.0.2.1'): RequestRefused {
  return { event: 'request.refused', requestId: 'r', layer: 'http', reason, detail: null, address }
}

async function entries(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

test('ten of a kind and minute are written whole, the others counted', async (t) => {
  const { log, path } = await kept(t)
  for (let n = 0; n < 25; n++) log.record(refused('no_credential'))
  for (let n = 0; n < 3; n++) log.record(refused('rate_limited'))
  await log.close()
  const written = await entries(path)
  assert.equal(written.filter(({ reason }) => reason === 'no_credential').length, 10)
  assert.equal(written.filter(({ reason }) => reason === 'rate_limited').length, 3)
  assert.deepEqual(written.at(-1), {
    v: 1,
    at: '2026-11-21T12:00:00.000Z',
    event: 'request.refused.summary',
    minute: '2026-11-21T12:00:00.000Z',
    unwritten: { 'http/no_credential': 15 },
  })
})

test('each minute counts anew, and closes the one before', async (t) => {
  const { log, path, clock } = await kept(t)
  for (let n = 0; n < 11; n++) log.record(refused('no_credential'))
  clock.now += 60_000
  log.record(refused('no_credential'))
  await log.close()
  const events = (await entries(path)).map(({ event }) => event)
  assert.deepEqual(events.slice(10), ['request.refused.summary', 'request.refused'])
})

test('the summary of a minute is written when it ends, though nobody else comes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { log, path, clock } = await kept(t)
  for (let n = 0; n < 12; n++) log.record(refused('no_credential'))
  clock.now += 60_000
  t.mock.timers.tick(60_000)
  await log.close()
  const written = await entries(path)
  assert.equal(written.length, 11)
  assert.deepEqual(written.at(-1)?.['unwritten'], { 'http/no_credential': 2 })
})

test('the file is bounded: a full one replaces the one before', async (t) => {
  const { log, path, clock } = await kept(t)
  const reasons = ['no_credential', 'rate_limited', 'session_invalid', 'cross_site'] as const
  for (let minute = 0; minute < 150; minute++) {
    clock.now += 60_000
    for (const reason of reasons) for (let n = 0; n < 10; n++) log.record(refused(reason, 'x'.repeat(5000)))
    if (minute % 10 === 0) await log.close()
  }
  await log.close()
  const directory = join(path, '..')
  assert.deepEqual((await readdir(directory)).toSorted(), ['anonymous-w.jsonl', 'anonymous-w.jsonl.1'])
  for (const file of [path, `${path}.1`]) {
    const { size, mode } = await stat(file)
    assert.ok(size <= 1_048_576, `${size} bytes`)
    assert.equal(mode & 0o777, 0o600)
  }
})

test('a disk that refuses is reported, and never to who records', async (t) => {
  const { log, path, errors } = await kept(t)
  await mkdir(path)
  log.record(refused('no_credential'))
  await log.close()
  assert.equal(errors.length, 1)
})

test('ASVS 16.4.1: what a stranger sends cannot end or disguise a line', async (t) => {
  const { log, path } = await kept(t)
  log.record(refused('no_credential', '::1\n{"event":"forged"}\u001b[2J\u202e\u0085'))
  await log.close()
  const text = await readFile(path, 'utf8')
  assert.equal(text.split('\n').length, 2)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  assert.ok(!/[\u001b\u202e\u0085]/.test(text))
})
