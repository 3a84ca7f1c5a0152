import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChaos, type Chaos, type Tally } from '../support/chaos.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startSentinels } from '../support/redis-sentinels.ts'
import { CLUSTER_COMMANDS, COMMANDS, refusals, rightsOf } from '../support/redis-user.ts'

const SEED = 7
/** Callers; the soak has 200. */
const PER_SECOND = 60
/** So long after the new master is there all is as before, in ms. */
const RECOVERED = 2_000
const PASSWORD = 'the-users-own'

const wait = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms))

/** Lets the master die in the middle of it, and another one take its place. */
async function failedOver(chaos: Chaos, kill: () => Promise<void>, promoted: () => Promise<void>) {
  let recovered = Infinity
  const statuses: number[] = []
  const tally: Tally = await chaos.during(async () => {
    await wait(1_000)
    await kill()
    const isPromoted = promoted()
    await Promise.race([isPromoted, wait(500)])
    statuses.push(await chaos.certificateStatus())
    await isPromoted
    recovered = await chaos.recovery()
    statuses.push(await chaos.certificateStatus())
    await wait(500)
  })
  return { tally, recovered, statuses }
}

test('ASVS 16.5.2: after sentinels put a replica in the place of a killed master, the server is on it, and what had ended stays ended', async (t) => {
  const settings = [`user sallyport on >${PASSWORD} ${rightsOf(COMMANDS)}`]
  const servers = await startSentinels({ settings })
  t.after(() => servers.stop())
  const location = servers.url.replace(/:[^/]*@/, `sallyport:${PASSWORD}@`)
  const chaos = await startChaos(SEED, location, PER_SECOND)
  t.after(() => chaos.close())
  const { tally, recovered, statuses } = await failedOver(
    chaos,
    async () => await servers.master.stop(),
    servers.promoted,
  )
  t.diagnostic(`recovered after ${Math.round(recovered)} ms: ${JSON.stringify(tally)}`)
  assert.deepEqual(tally.wronglyAdmitted, [])
  assert.ok(tally.ended > 0 && recovered < RECOVERED, `recovered after ${recovered} ms`)
  assert.deepEqual(statuses, [200, 200])
  assert.deepEqual(await refusals(servers.replica), [])
})

test('ASVS 16.5.2: after a replica took the place of a killed node of a cluster, the server finds it, and what had ended stays ended', async (t) => {
  const rights = rightsOf([...COMMANDS, ...CLUSTER_COMMANDS])
  const cluster = await startRedisCluster(1, [`user sallyport on >${PASSWORD} ${rights}`])
  t.after(() => cluster.stop())
  const chaos = await startChaos(SEED, cluster.url.replace(/:[^/]*@/, `sallyport:${PASSWORD}@`), PER_SECOND)
  t.after(() => chaos.close())
  const key = 'sallyport:{revocations}:state'
  const first = await cluster.masterOf(key)
  const { tally, recovered, statuses } = await failedOver(
    chaos,
    async () => await first.stop(),
    async () => {
      while ((await cluster.masterOf(key).catch(() => first)) === first) await wait(20)
    },
  )
  t.diagnostic(`recovered after ${Math.round(recovered)} ms: ${JSON.stringify(tally)}`)
  assert.deepEqual(tally.wronglyAdmitted, [])
  assert.ok(tally.ended > 0 && recovered < RECOVERED, `recovered after ${recovered} ms`)
  assert.deepEqual(statuses, [200, 200])
  for (const node of cluster.nodes.filter((one) => one !== first)) assert.deepEqual(await refusals(node), [])
})
