import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import type { RateLimit } from '../../src/login/rate-limits.ts'
import { openStore } from '../../src/store/open.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { sqliteRateLimits } from '../../src/store/sqlite-rate-limits.ts'
import { startCounting, type CountingStore } from '../support/counting-store.ts'
import { ENGINES, type Engine } from '../support/login-door.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const FIVE: RateLimit = { name: 'five', points: 5, seconds: 60 }

async function counting(t: TestContext, engine: Engine): Promise<CountingStore> {
  const started = await startCounting(engine)
  t.after(() => started.close())
  return started
}

const isUnavailable = (error: unknown): boolean => isSallyportError(error, 'STORE_UNAVAILABLE')

for (const engine of ENGINES)
  describe(`counters, on ${engine}`, () => {
    test('of 20 at once, over two connections, exactly as many are let through as may', async (t) => {
      const { store, location } = await counting(t, engine)
      const other = await openStore(location, { now: Date.now, slotOf })
      t.after(() => other.close())
      const [one, another] = [store.rateLimits(FIVE), other.rateLimits(FIVE)]
      for (const key of ['first', 'second', 'third']) {
        const all = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : another).consume(key))
        const counts = await Promise.all(all)
        assert.equal(counts.filter(({ isOver }) => !isOver).length, 5)
        assert.deepEqual(
          counts.map(({ points }) => points).toSorted((a, b) => a - b),
          Array.from({ length: 20 }, (_, n) => n + 1),
        )
      }
    })

    test('of two processes that try 20 times each at once, five tries go through', async (t) => {
      const { location } = await counting(t, engine)
      const children = [consumer(location), consumer(location)]
      await Promise.all(children.map(({ line }) => line()))
      const passed = await Promise.all(
        children.map(async ({ go, line }) => {
          go()
          return Number(await line())
        }),
      )
      assert.equal((passed[0] ?? 0) + (passed[1] ?? 0), 5, String(passed))
    })

    test('a counter ends by itself, counted from its first point', async (t) => {
      const { store, elapse } = await counting(t, engine)
      const limiter = store.rateLimits(FIVE)
      for (let n = 1; n <= 6; n++) assert.equal((await limiter.consume('key')).isOver, n === 6)
      await elapse(50_000)
      const late = await limiter.consume('key')
      assert.ok(late.isOver && late.endsIn > 5_000 && late.endsIn <= 10_000, String(late.endsIn))
      await elapse(10_001)
      assert.equal(await limiter.get('key'), undefined)
      assert.deepEqual(
        { ...(await limiter.consume('key')), endsIn: 0 },
        { points: 1, isOver: false, endsIn: 0 },
      )
    })

    test('points are given back to a counter that is there, down to none, and make no other', async (t) => {
      const { store, elapse, counters } = await counting(t, engine)
      const limiter = store.rateLimits(FIVE)
      assert.equal((await limiter.reward('never')).points, 0)
      assert.equal((await counters()).size, 0)
      await limiter.consume('key', 3)
      assert.equal((await limiter.reward('key')).points, 2)
      assert.equal((await limiter.reward('key', 5)).points, 0)
      assert.equal((await limiter.consume('key')).points, 1)
      await elapse(60_001)
      assert.equal((await limiter.reward('key')).points, 0)
      assert.equal((await limiter.consume('key')).points, 1)
    })

    test('a block is over the limit for its own time, and a deleted counter was never there', async (t) => {
      const { store, elapse } = await counting(t, engine)
      const limiter = store.rateLimits(FIVE)
      await limiter.consume('key')
      await limiter.block('key', 900)
      await elapse(890_000)
      assert.equal((await limiter.get('key'))?.isOver, true)
      assert.equal((await limiter.consume('key')).isOver, true)
      await limiter.delete('key')
      assert.equal(await limiter.get('key'), undefined)
      await limiter.block('key', 900)
      await elapse(900_001)
      assert.equal((await limiter.consume('key')).points, 1)
    })

    test('kinds do not meet, and a penalty refuses nothing', async (t) => {
      const { store } = await counting(t, engine)
      const [five, other] = [store.rateLimits(FIVE), store.rateLimits({ ...FIVE, name: 'other' })]
      for (let n = 1; n <= 6; n++) assert.equal((await five.penalty('key')).points, n)
      assert.equal((await other.consume('key')).points, 1)
    })

    test('no counter is there for ever', async (t) => {
      const { store, counters } = await counting(t, engine)
      const limiter = store.rateLimits(FIVE)
      await Promise.all([limiter.consume('a'), limiter.penalty('b'), limiter.block('c', 900)])
      const lives = [...(await counters()).values()]
      assert.equal(lives.length, 3)
      assert.ok(
        lives.every((life) => life > 0 && life <= 900_000),
        String(lives),
      )
    })

    test('a store that does not answer is an error, never a count', async (t) => {
      const { store, redis } = await counting(t, engine)
      const limiter = store.rateLimits(FIVE)
      await limiter.consume('key')
      if (redis === undefined) await store.close()
      else await redis.stop()
      for (const work of [
        limiter.get('key'),
        limiter.consume('key'),
        limiter.penalty('key'),
        limiter.reward('key'),
        limiter.block('key', 60),
        limiter.delete('key'),
      ])
        await assert.rejects(work, isUnavailable)
    })
  })

test('on Redis, one that is frozen is an error within its time', async (t) => {
  const { store, redis } = await counting(t, 'redis')
  const limiter = store.rateLimits(FIVE)
  await limiter.consume('key')
  redis?.pause()
  t.after(() => redis?.resume())
  const begun = performance.now()
  await assert.rejects(limiter.consume('key'), isUnavailable)
  assert.ok(performance.now() - begun < 2_000)
})

test('on SQLite, what has ended is removed, a bounded number with each write', async (t) => {
  const { store, elapse, counters } = await counting(t, 'sqlite')
  const limiter = store.rateLimits(FIVE)
  for (let n = 0; n < 250; n++) await limiter.consume(`key-${n}`)
  await elapse(60_001)
  const left: number[] = []
  for (let n = 0; n < 3; n++) {
    await limiter.consume('one')
    left.push((await counters()).size)
  }
  assert.deepEqual(left, [151, 51, 1])
})

test('on SQLite, a file that is full or locked is an error', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = `${directory}/store.db`
  const database = openSqliteDatabase(path)
  t.after(() => database.close())
  const limiter = sqliteRateLimits(database, Date.now)(FIVE)
  const pages = Number(database.relaxed.prepare('PRAGMA page_count').get()?.['page_count'])
  database.relaxed.exec(`PRAGMA max_page_count = ${pages}`)
  await assert.rejects(async () => {
    for (let n = 0; n < 10_000; n++) await limiter.consume(`${n}`.padStart(40, '0'))
  }, isUnavailable)
  database.relaxed.exec('PRAGMA max_page_count = 1000000')
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(limiter.consume('key'), isUnavailable)
  other.exec('ROLLBACK')
  assert.equal((await limiter.consume('key')).points, 1)
})

function consumer(location: string): { line(): Promise<string>; go(): void } {
  const script = new URL('../support/consuming-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, location, '5', '20'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => String((await lines.next()).value),
    go: () => void child.stdin.write('go\n'),
  }
}
