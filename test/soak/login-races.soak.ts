import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { ENGINES, startDoor } from '../support/login-door.ts'
import { raceLogins } from '../support/login-races.ts'

const RACES = 10_000

for (const engine of ENGINES)
  test(`in 10,000 races of login, use and revocation on ${engine} nothing is admitted after its end`, async (t) => {
    const door = await startDoor(engine)
    t.after(() => door.close())
    const seed = randomInt(2 ** 31)
    const tally = await raceLogins(door, RACES, seed)
    t.diagnostic(`${engine}, seed ${seed}: ${JSON.stringify(tally)}`)
    for (const [what, times] of Object.entries(tally)) assert.ok(times > 250, `${what}: ${times}`)
  })
