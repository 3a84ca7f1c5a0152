import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedTrail } from '../support/audit-log.ts'
import { isWrong, tamper, verified } from '../support/tampering.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const DAY = 86_400_000
/** Everything together, ms. */
const MOST = 5000

test('1,000 tamperings of a trail of 100,000 lines are all found, each in less than 5 s', async (t) => {
  const trail = signedTrail(await temporaryDirectory(t))
  await trail.write('a', 1000)
  await trail.write('main', 97_000, 4_000_000)
  trail.clock.now += DAY
  await trail.write('b', 1000)
  const whole = await timed(async () => verified(trail))
  assert.ok(!isWrong(whole.value))
  const lines = whole.value.chains.reduce((sum, chain) => sum + chain.lines, 0)
  assert.ok(lines >= 100_000, String(lines))
  t.diagnostic(`${lines} lines verified in ${Math.round(whole.ms)} ms`)
  assert.ok(whole.ms < MOST, `${whole.ms} ms`)
  const found = new Map<string, number>()
  for await (const { kind, files, report } of tamper(trail, 1000, 20_261_121)) {
    assert.ok(isWrong(report), `${kind} of ${files.join(', ')} was not found`)
    found.set(kind, (found.get(kind) ?? 0) + 1)
  }
  for (const [kind, many] of found) t.diagnostic(`${many} × ${kind}`)
  assert.ok(!isWrong(await verified(trail)), 'and it is as it was')
})

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now()
  const value = await work()
  return { value, ms: performance.now() - start }
}
