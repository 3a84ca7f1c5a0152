import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { ask, modern } from '../support/clients.ts'
import { startRedis } from '../support/redis.ts'
import { startServer } from '../support/server.ts'
import { openSession } from '../support/session.ts'

const REQUESTS = 20

test('a request with a session costs exactly one command of Redis, and no other connection', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.stop())
  const server = await startServer({ storeLocation: redis.url })
  t.after(() => server.close())
  const { token } = await openSession(server, 'bob')
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const list = modern('tools/list')
  const send = async (): Promise<number> => {
    const headers = { ...list.headers, authorization: `Bearer ${token}` }
    const target = { port: server.ports.people ?? 0, ca: server.authority.rootPem }
    return (await ask({ ...target, ...list, headers, agent })).status
  }
  // Redis knows the script from now on.
  assert.equal(await send(), 200)
  const raw = new Redis(redis.url)
  const monitor = await raw.monitor()
  const commands: string[] = []
  // The node itself follows the live revocation list, twice a second, whoever calls.
  const isOfTheNode = (words: readonly string[]): boolean =>
    words.some((word) => word.includes('{revocations}')) || /^(ping|info|hello|client)$/i.test(words[0] ?? '')
  const marked = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, words: string[], source: string) => {
      if (words.includes('the-end')) resolve()
      // What a script does inside Redis is no round trip.
      else if (source !== 'lua' && !isOfTheNode(words)) commands.push(words.join(' '))
    })
  })
  for (let at = 0; at < REQUESTS; at++) assert.equal(await send(), 200)
  await raw.echo('the-end')
  await marked
  for (const connection of [raw, monitor]) connection.disconnect()
  const ofSessions = commands.filter((command) => !/^(info|ready|auth|select|client)/i.test(command))
  assert.equal(ofSessions.length, REQUESTS, ofSessions.join('\n'))
  for (const command of ofSessions)
    assert.match(command, /^evalsha [0-9a-f]{40} 1 sallyport:\{[0-9a-f]{4}\}:session:/)
})
