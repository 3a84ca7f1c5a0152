import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startChaos } from '../support/chaos.ts'
import { startSentinels } from '../support/redis-sentinels.ts'

const SEED = Number(process.env['CHAOS_SEED'] ?? 1)
/** So long after all sentinels name the new master all is as before, in ms. */
const RECOVERED = 2_000

const wait = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms))

test('ASVS 16.5.2: a master that was frozen, and comes back when another one is in its place, is believed by nobody', async (t) => {
  const servers = await startSentinels()
  t.after(() => servers.stop())
  const chaos = await startChaos(SEED, servers.url)
  t.after(() => chaos.close())
  let recovered = Infinity
  const tally = await chaos.during(async () => {
    await wait(3_000)
    servers.master.pause()
    await servers.named()
    recovered = await chaos.recovery()
    await wait(10_000)
    servers.master.resume()
    await demoted(servers.master.url)
    await wait(5_000)
  })
  t.diagnostic(`seed ${SEED}, recovered after ${Math.round(recovered)} ms: ${JSON.stringify(tally)}`)
  assert.deepEqual(tally.wronglyAdmitted, [])
  assert.ok(recovered < RECOVERED, `recovered after ${recovered} ms`)
})

/** The sentinels make a replica of whoever comes back. */
async function demoted(url: string): Promise<void> {
  const raw = new Redis(url)
  raw.on('error', () => undefined)
  while (!(await raw.info('replication').catch(() => '')).includes('role:slave')) await wait(50)
  raw.disconnect()
}
