import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { workQueue } from '../../src/login/work-queue.ts'

/** Work that runs until it is let go. */
function held() {
  const running: (() => void)[] = []
  const most = { atOnce: 0 }
  let now = 0
  const work = async (): Promise<void> => {
    most.atOnce = Math.max(most.atOnce, (now += 1))
    await new Promise<void>((resolve) => running.push(resolve))
    now -= 1
  }
  return { work, running, most }
}

test('never more than the cap runs at once, and everybody gets a turn', async () => {
  const queue = workQueue(2, 10)
  const { work, running, most } = held()
  const all = Promise.all(Array.from({ length: 8 }, async () => queue(work)))
  let finished = false
  void all.then(() => (finished = true))
  // oxlint-disable-next-line no-unmodified-loop-condition -- the promise sets it
  while (!finished) {
    running.shift()?.()
    await new Promise(setImmediate)
  }
  assert.equal(most.atOnce, 2)
})

test('beyond the queue it is refused, and the queue goes on', async () => {
  const queue = workQueue(1, 1)
  const { work, running } = held()
  const first = queue(work)
  const second = queue(work)
  await assert.rejects(queue(work), (error) => isSallyportError(error, 'TOO_BUSY'))
  running.shift()?.()
  await first
  while (running.length === 0) await new Promise(setImmediate)
  running.shift()?.()
  await second
  assert.equal(await queue(async () => 'again'), 'again')
})

test('work that throws gives its turn back', async () => {
  const queue = workQueue(1, 0)
  await assert.rejects(
    queue(async () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await queue(async () => 'again'), 'again')
})
