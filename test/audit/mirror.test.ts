import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { mirror, type MirrorOptions, type OutgoingLine, type Outlet } from '../../src/audit/mirror.ts'
import type { WrittenLine } from '../../src/audit/piece.ts'
import { fileAuditSink } from '../../src/audit/sink.ts'
import { issued } from '../support/audit-events.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Lines with these numbers. */
function lines(from: number, many: number): readonly WrittenLine[] {
  return Array.from({ length: many }, (_, index) => ({
    line: `line ${from + index}`,
    event: issued(String(from + index)),
    at: 0,
    seq: from + index,
  }))
}

/** An outlet that takes lines only while it is told to, and then remembers their numbers. */
class Elsewhere extends EventTarget implements Outlet {
  readonly name = 'elsewhere'
  readonly taken: number[] = []
  attempts = 0
  gate: Promise<void> = Promise.resolve()
  isDown = false

  async send(outgoing: readonly OutgoingLine[]): Promise<void> {
    this.attempts++
    this.dispatchEvent(new Event('attempt'))
    await this.gate
    if (this.isDown) throw new Error('it is down')
    this.taken.push(...outgoing.map(({ written }) => written.seq))
  }

  async close(): Promise<void> {
    this.dispatchEvent(new Event('closed'))
  }
}

function mirrored(options: MirrorOptions = {}) {
  const outlet = new Elsewhere()
  const told: string[] = []
  return { outlet, told, copy: mirror(outlet, { onProblem: (problem) => told.push(problem), ...options }) }
}

test('lines arrive in their order, some at once, and it is known when', async () => {
  const { outlet, told, copy } = mirrored()
  const arrivals = await Promise.all([
    copy.push('w', lines(1, 3)),
    copy.push('w', lines(4, 1200)),
    copy.push('w', []),
  ])
  assert.deepEqual(arrivals, [true, true, true])
  assert.deepEqual(
    outlet.taken,
    Array.from({ length: 1203 }, (_, index) => index + 1),
  )
  assert.ok(outlet.attempts <= 4, `${outlet.attempts} times`)
  assert.ok(await copy.push('w', lines(1204, 1)), 'also after there was nothing to do')
  await copy.close()
  assert.deepEqual(told, [])
})

test('what fails is tried again, with nothing lost and nothing twice, and said once', async () => {
  const { outlet, told, copy } = mirrored()
  outlet.isDown = true
  const arrival = copy.push('w', lines(1, 2))
  await once(outlet, 'attempt')
  await once(outlet, 'attempt')
  assert.deepEqual(copy.state(), { name: 'elsewhere', waiting: 2, dropped: 0, isFailing: true })
  outlet.isDown = false
  assert.equal(await arrival, true)
  assert.deepEqual(outlet.taken, [1, 2])
  assert.deepEqual(told, [
    'elsewhere: does not take the audit trail: it is down',
    'elsewhere: takes the audit trail again',
  ])
  await copy.close()
})

test('more than ten thousand lines do not wait: the oldest are given up, counted and told of', async () => {
  const { outlet, told, copy } = mirrored()
  const open = Promise.withResolvers<void>()
  outlet.gate = open.promise
  const first = copy.push('w', lines(1, 10))
  const second = copy.push('w', lines(11, 9995))
  const third = copy.push('w', lines(10_006, 5))
  assert.equal(copy.state().waiting, 10_000)
  open.resolve()
  assert.deepEqual(
    await Promise.all([first, second, third]),
    [true, false, true],
    'what is on its way may arrive',
  )
  assert.equal(copy.state().dropped, 10)
  assert.deepEqual(outlet.taken.slice(8, 12), [9, 10, 21, 22])
  assert.match(
    told.join('\n'),
    /the oldest are given up\nelsewhere: 10 lines of the audit trail were not sent/,
  )
  await copy.close()
})

test('an anchor takes checkpoints and nothing else', async () => {
  const { outlet, copy } = mirrored({ isAnchor: true })
  const event = { event: 'audit.checkpoint', through: 6, head: 'h', key: 'k', signature: 's' } as const
  assert.ok(await copy.push('w', [...lines(1, 6), { line: '', event, at: 0, seq: 7 }, ...lines(8, 2)]))
  assert.deepEqual(outlet.taken, [7])
  await copy.close()
})

test('a close sends what waits, tries once more what fails, and then gives it up', async () => {
  const good = mirrored()
  void good.copy.push('w', lines(1, 700))
  await good.copy.close()
  assert.equal(good.outlet.taken.length, 700)
  const bad = mirrored()
  bad.outlet.isDown = true
  const arrival = bad.copy.push('w', lines(1, 3))
  await once(bad.outlet, 'attempt')
  const before = bad.outlet.attempts
  await bad.copy.close()
  assert.equal(await arrival, false)
  assert.equal(bad.outlet.attempts, before + 1)
})

test('an event is refused if a copy that is required does not take it, and is in the file all the same', async (t) => {
  const { outlet, copy } = mirrored({ isRequired: true })
  const directory = await temporaryDirectory(t)
  const sink = await fileAuditSink({ directory, writer: 'w', now: () => 0, mirrors: [copy] })
  t.after(() => sink.close())
  await sink.record(issued('1'))
  assert.deepEqual([outlet.taken, sink.healthy()], [[1], true])
  outlet.isDown = true
  await assert.rejects(sink.record(issued('2')), {
    code: 'AUDIT_UNAVAILABLE',
    message: 'the audit trail is not taken by elsewhere within 1000 ms',
  })
  assert.equal(sink.healthy(), false)
  assert.deepEqual(
    sink.mirrors().map(({ isFailing, waiting }) => [isFailing, waiting]),
    [[true, 1]],
  )
  outlet.isDown = false
  await sink.record(issued('3'))
  assert.deepEqual([outlet.taken, sink.healthy()], [[1, 2, 3], true], 'what was refused is sent as well')
})

test('a copy that is not required holds nobody up', async (t) => {
  const { outlet, copy } = mirrored()
  outlet.isDown = true
  const sink = await fileAuditSink({
    directory: await temporaryDirectory(t),
    writer: 'w',
    now: () => 0,
    mirrors: [copy],
  })
  await sink.record(issued('1'))
  assert.equal(sink.healthy(), true)
  await sink.close()
})
