import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { test } from 'node:test'
import { ask, modern } from '../support/clients.ts'
import { floodLogins, NO_COUNTING } from '../support/login-flood.ts'
import { startServer } from '../support/server.ts'

const CALLS = 200
/** They come to more than a hundred logins a second, and a machine hashes a few dozen. */
const AT_ONCE = 150
const PAUSE = 1_000

function at(part: number, times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(part * (times.length - 1))] ?? Number.NaN
}

test('what a flood of logins costs MCP calls', async (t) => {
  const server = await startServer({ throttle: NO_COUNTING })
  t.after(async () => server.close())
  const agent = new Agent({ keepAlive: true, ...(await server.authority.client('demo')) })
  t.after(() => agent.destroy())
  const to = { port: server.ports.certificates, ca: server.authority.rootPem, agent }
  const times = async (): Promise<number[]> => {
    const taken = []
    for (let index = 0; index < CALLS; index++) {
      const start = performance.now()
      const { status } = await ask({ ...to, ...modern('tools/list') })
      assert.equal(status, 200)
      taken.push(performance.now() - start)
    }
    return taken
  }
  await times()
  const alone = await times()
  const flood = floodLogins(server, AT_ONCE, PAUSE)
  await flood.answered(({ status }) => status === 503)
  const from = flood.answers.length
  const start = performance.now()
  const beside = await times()
  const seconds = (performance.now() - start) / 1000
  const answered = flood.answers.slice(from)
  await flood.stop()
  const floor = at(0.5, alone)
  const rate = (wanted: number) =>
    (answered.filter(({ status }) => status === wanted).length / seconds).toFixed(0)
  console.log('an MCP call (tools/list), client and server in this one process')
  for (const [what, taken] of [
    ['alone', alone],
    [`beside ${AT_ONCE} who log in`, beside],
  ] as const)
    console.log(
      `  ${what.padEnd(26)} median ${at(0.5, taken).toFixed(2)} ms  x ${(at(0.5, taken) / floor).toFixed(2)}` +
        `  p99 ${at(0.99, taken).toFixed(2)} ms  x ${(at(0.99, taken) / floor).toFixed(2)}`,
    )
  console.log(`  logins: ${rate(401)}/s hashed, ${rate(503)}/s turned away`)
})
