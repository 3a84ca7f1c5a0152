import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamConnections } from '../../../src/mcp/upstreams/upstream-connections.ts'
import { watches } from '../../../src/mcp/upstreams/upstream-watches.ts'
import { contextOf } from '../../support/caller.ts'

/** How long is waited between the attempts to watch, each of which takes so many ms; the last one has no end. */
async function pausesAfter(lasted: readonly number[]): Promise<readonly number[]> {
  const pauses: number[] = []
  const done = Promise.withResolvers<void>()
  const clock = { now: 0 }
  let attempt = 0
  const connections: Pick<UpstreamConnections, 'of'> = {
    async of() {
      clock.now += lasted[attempt++] ?? 0
      return { kind: 'down', sent: false, why: 'it is down' }
    },
  }
  const watching = watches(connections, {
    now: () => clock.now,
    random: () => 1,
    async pause(delay) {
      pauses.push(delay)
      if (pauses.length < lasted.length) return
      done.resolve()
      await new Promise(() => undefined)
    },
  })
  watching.watch(contextOf('user:ada', ['*']), 'wiki:1', () => undefined)
  await done.promise
  watching.close()
  return pauses
}

test('who watches at what stays down asks less and less often, and soon again once it was up for a while', async () => {
  assert.deepEqual(
    await pausesAfter([0, 0, 0, 0, 0, 0, 0, 0]),
    [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000],
  )
  assert.deepEqual(await pausesAfter([0, 0, 29_999, 30_000, 0]), [2000, 4000, 8000, 2000, 4000])
})
