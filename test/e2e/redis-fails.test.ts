import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { goThrough, startTroubledRedis, type TroubledRedis } from '../support/redis-troubles.ts'

const SEED = 4
/** Callers; the soak has 200. */
const PER_SECOND = 60
/** How long each trouble lasts, in ms. */
const LASTING = 2_000
/** So long after Redis is back all is as before, in ms. */
const RECOVERED = 2_000

describe('while callers of every kind come', () => {
  let on: TroubledRedis
  before(async () => {
    on = await startTroubledRedis(SEED, PER_SECOND)
  })
  after(() => on.close())

  for (const name of ['killed', 'frozen', 'slow', 'cut off', 'full', 'flushed'] as const)
    test(`ASVS 16.5.2: nobody gets in through a Redis that is ${name}, certificates are served meanwhile, and then all is as before`, async (t) => {
      const { tally, recovered, certificate } = await goThrough(on, name, LASTING)
      t.diagnostic(`${name}: recovered after ${Math.round(recovered)} ms, ${JSON.stringify(tally)}`)
      assert.deepEqual(tally.wronglyAdmitted, [])
      assert.ok(tally.requests > 50 && recovered < RECOVERED, `recovered after ${recovered} ms`)
      assert.equal(certificate, 200)
    })
})
