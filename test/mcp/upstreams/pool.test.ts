import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connected, UpstreamConnection } from '../../../src/mcp/upstreams/connection.ts'
import { createPool, type Leased, type PoolKey } from '../../../src/mcp/upstreams/pool.ts'
import { contextOf } from '../../support/caller.ts'

/** A pool whose connections say when they are made and closed. */
function pooled(most = 2, idle = 1000, principalOf = (name: string) => name) {
  const clock = { now: 0 }
  const made: string[] = []
  const closed: string[] = []
  const ends = new Map<string, (why: string) => void>()
  const closings = new Map<string, Promise<void>>()
  const pool = createPool({ most, idle, now: () => clock.now })
  const open =
    (name: string, ready: Promise<void> = Promise.resolve()) =>
    async (): Promise<Connected> => {
      made.push(name)
      await ready
      return { kind: 'connected', connection: connection(name) }
    }
  const connection = (name: string): UpstreamConnection => {
    const end = Promise.withResolvers<string>()
    ends.set(name, end.resolve)
    return {
      era: '2025-11-25',
      greeting: { name, version: '1', capabilities: {}, instructions: undefined },
      request: async () => ({ kind: 'cancelled' }),
      inFlight: () => 0,
      watch: () => () => undefined,
      closed: end.promise,
      async close() {
        closed.push(name)
        await closings.get(name)
        end.resolve('closed')
      },
    }
  }
  const lease = async (name: string, ready?: Promise<void>): Promise<Leased> =>
    pool.lease(keyOf(name, principalOf(name)), open(name, ready))
  return { clock, pool, lease, made, closed, ends, closings }
}

function keyOf(name: string, principal: string): PoolKey {
  return { key: name, context: name === '' ? undefined : contextOf(`user:${principal}`, []) }
}

function leaseIn(leased: Leased) {
  assert.ok(leased.kind === 'leased', JSON.stringify(leased))
  return leased.lease
}

test('callers of one key at the same moment share one connection; others have their own', async () => {
  const { lease, made } = pooled()
  const [one, two, three] = (await Promise.all([lease('ada'), lease('ada'), lease('bo')])).map(leaseIn)
  assert.deepEqual(made, ['ada', 'bo'])
  assert.equal(one?.connection, two?.connection)
  assert.notEqual(one?.connection, three?.connection)
  assert.deepEqual([one?.isFresh, two?.isFresh], [true, false])
})

test('what nobody has used for long is closed; what is in use, and the shared one, is not', async () => {
  const { clock, pool, lease, closed } = pooled()
  leaseIn(await lease('')).release()
  leaseIn(await lease('ada')).release()
  const inUse = leaseIn(await lease('bo'))
  clock.now = 999
  pool.sweep()
  assert.deepEqual(closed, [])
  clock.now = 1000
  pool.sweep()
  await Promise.resolve()
  assert.equal(pool.size(), 2)
  inUse.release()
  pool.sweep()
  assert.equal(pool.size(), 2)
  clock.now = 2000
  pool.sweep()
  assert.equal(pool.size(), 1)
})

test('where there are as many as there may be, the one that was unused for longest makes room', async () => {
  const { clock, pool, lease } = pooled()
  const [ada, bo] = [leaseIn(await lease('ada')), leaseIn(await lease('bo'))]
  assert.deepEqual(await lease('cy'), { kind: 'busy' })
  // The shared one is none of those that are counted.
  assert.equal((await lease('')).kind, 'leased')
  bo.release()
  clock.now = 1
  ada.release()
  leaseIn(await lease('cy'))
  assert.equal(leaseIn(await lease('ada')).isFresh, false)
  assert.equal(pool.size(), 3)
})

test('a connection that is over is nobody’s any more', async () => {
  const { lease, made, ends } = pooled()
  leaseIn(await lease('ada')).release()
  ends.get('ada')?.('it went away')
  await new Promise(setImmediate)
  assert.ok(leaseIn(await lease('ada')).isFresh)
  assert.deepEqual(made, ['ada', 'ada'])
})

test('the connections of who is meant end, in use or not, and while they are made', async () => {
  const { pool, lease, closed } = pooled(3)
  leaseIn(await lease('ada'))
  leaseIn(await lease('bo'))
  const ready = Promise.withResolvers<void>()
  const coming = lease('cy', ready.promise)
  pool.end(({ principal }) => principal.name !== 'bo')
  ready.resolve()
  assert.deepEqual(await coming, { kind: 'failed', why: 'the connection was closed' })
  await new Promise(setImmediate)
  assert.deepEqual(closed.toSorted(), ['ada', 'cy'])
  assert.equal(leaseIn(await lease('bo')).isFresh, false)
})

test('a pool that closes waits for those in use, for a while, and makes no more', async () => {
  const { pool, lease, closed } = pooled()
  const inUse = leaseIn(await lease('ada'))
  const end = pool.close(60_000)
  assert.equal((await lease('bo')).kind, 'failed')
  assert.deepEqual(closed, [])
  inUse.release()
  await end
  assert.deepEqual(closed, ['ada'])
  const hasty = pooled()
  await hasty.lease('ada')
  await hasty.pool.close(1)
  assert.deepEqual(hasty.closed, ['ada'])
})

test('nobody has more connections than are left for the others, and who has one makes room of its own', async () => {
  const { clock, pool, lease, closed } = pooled(8, 1000, (name) => name.slice(0, -1))
  const held = await Promise.all(['ada1', 'ada2', 'ada3', 'ada4', 'ada5'].map(async (name) => lease(name)))
  assert.deepEqual(
    held.map(({ kind }) => kind),
    ['leased', 'leased', 'leased', 'leased', 'busy'],
  )
  leaseIn(await lease('bo1'))
  leaseIn(await lease('bo2'))
  clock.now = 1
  leaseIn(await lease('cy1')).release()
  clock.now = 2
  leaseIn(held[0] ?? assert.fail()).release()
  // The session of somebody else that is unused for longer stays.
  leaseIn(await lease('ada5'))
  assert.deepEqual(closed, ['ada1'])
  assert.equal(pool.size(), 7)
  leaseIn(await lease('dy1'))
  // Whoever has none yet takes none of who has one, as long as somebody has more.
  leaseIn(held[1] ?? assert.fail()).release()
  leaseIn(await lease('ed1'))
  assert.deepEqual(closed, ['ada1', 'ada2'])
})

test('what makes room is gone before the next one begins', async () => {
  const { pool, lease, made, closings } = pooled(1)
  leaseIn(await lease('ada')).release()
  const gone = Promise.withResolvers<void>()
  closings.set('ada', gone.promise)
  const coming = lease('bo')
  await new Promise(setImmediate)
  assert.deepEqual(made, ['ada'])
  gone.resolve()
  leaseIn(await coming)
  assert.deepEqual(made, ['ada', 'bo'])
  assert.equal(pool.size(), 1)
})
