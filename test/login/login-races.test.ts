import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENGINES, startDoor } from '../support/login-door.ts'
import { raceLogins } from '../support/login-races.ts'

for (const engine of ENGINES)
  test(`ASVS 7.4.1: in 200 races of login, use and revocation on ${engine} nothing is admitted after its end`, async (t) => {
    const door = await startDoor(engine)
    t.after(() => door.close())
    const tally = await raceLogins(door, 200, 20_261_121)
    for (const [what, times] of Object.entries(tally)) assert.ok(times > 5, `${what}: ${times}`)
  })
