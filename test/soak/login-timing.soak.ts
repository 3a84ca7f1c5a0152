import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENGINES, startDoor } from '../support/login-door.ts'
import { loginTimes } from '../support/login-timing.ts'
import { quantile, welch } from '../support/welch.ts'

const PAIRS = 1_000

for (const engine of ENGINES)
  for (const [who, fields] of [
    ['known', {}],
    ['disabled', { disabled: true }],
  ] as const)
    test(`ASVS 6.3.8: 1,000 pairs do not tell a ${who} name from an unknown one by the time of the answer, on ${engine}`, async (t) => {
      const door = await startDoor(engine)
      t.after(() => door.close())
      const users = await Promise.all(Array.from({ length: 20 }, () => door.addUser(fields)))
      const nameOf = (pair: number): string => users[pair % users.length]?.name ?? ''
      await loginTimes(door, 200, nameOf)
      const { known, unknown } = await loginTimes(door, PAIRS, nameOf)
      const { t: statistic, p, medians } = welch(known, unknown)
      const spread = quantile(known, 0.9) - quantile(known, 0.1)
      console.log(
        `${engine}, ${who}: medians ${medians.map((median) => median.toFixed(3)).join(' and ')} ms, ` +
          `t = ${statistic.toFixed(2)}, p = ${p.toPrecision(2)}, 10% to 90% ${spread.toFixed(2)} ms`,
      )
      assert.ok(Math.abs(medians[0] - medians[1]) < 1, `medians ${medians.join()} ms`)
      assert.ok(p >= 0.001, `p = ${p}`)
    })
