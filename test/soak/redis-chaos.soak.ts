import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goThrough, startTroubledRedis, type TroubleName } from '../support/redis-troubles.ts'

/** Of the order of callers. */
const SEED = Number(process.env['CHAOS_SEED'] ?? 1)
/** How long each trouble lasts, in ms. */
const LASTING = 20_000
/** Longer than revocation data is fresh. */
const LONGER = 40_000
/** So long after Redis is back all is as before, in ms. */
const RECOVERED = 2_000

const ROUNDS: readonly (readonly [TroubleName, number, number])[] = [
  ['killed', LASTING, 200],
  ['frozen', LASTING, 200],
  ['slow', LASTING, 200],
  ['cut off', LASTING, 200],
  ['full', LASTING, 200],
  ['killed', LONGER, 503],
  ['frozen', LONGER, 503],
  ['cut off', LONGER, 503],
  ['full', LONGER, 200],
  ['flushed', LASTING, 200],
]

for (const [name, lasting, certificate] of ROUNDS)
  test(`ASVS 16.5.2: Redis is ${name} for ${lasting / 1_000} s in the middle of 200 requests a second: nobody gets in who should not, certificates get ${certificate}, and then all is as before`, async (t) => {
    const on = await startTroubledRedis(SEED)
    t.after(() => on.close())
    const through = await goThrough(on, name, lasting)
    t.diagnostic(
      `seed ${SEED}, recovered after ${Math.round(through.recovered)} ms: ${JSON.stringify(through.tally)}`,
    )
    assert.deepEqual(through.tally.wronglyAdmitted, [])
    assert.ok(through.recovered < RECOVERED, `recovered after ${through.recovered} ms`)
    assert.equal(through.certificate, certificate)
    assert.equal(await on.chaos.certificateStatus(), 200)
  })
