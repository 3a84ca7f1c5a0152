import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ask, type Answer } from '../support/clients.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'

let redis: RedisServer
let nodes: readonly TestServer[]
before(async () => {
  redis = await startRedis()
  const options = { storeLocation: redis.url, throttle: { perAddress: 12 } }
  nodes = await Promise.all([startServer(options), startServer(options)])
})
after(async () => {
  await Promise.all(nodes.map((node) => node.close()))
  await redis.stop()
})

/** A login on one of the nodes, in turn. */
async function guess(nth: number, username: string): Promise<Answer> {
  const node = nodes[nth % nodes.length]
  return ask({
    port: node?.ports.people ?? 0,
    ca: node?.authority.rootPem ?? '',
    path: '/auth/login',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: 'a wrong password' }),
  })
}

test('ASVS 6.3.1: two servers on one Redis count guesses together, at one account and from one address', async () => {
  const statuses: number[] = []
  for (let nth = 0; nth < 8; nth++) statuses.push((await guess(nth, 'alice')).status)
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
  const spread = await Promise.all(Array.from({ length: 12 }, (_, nth) => guess(nth, `nobody-${nth}`)))
  assert.equal(spread.filter(({ status }) => status === 401).length, 7)
  assert.equal(spread.filter(({ status }) => status === 429).length, 5)
  const refused = await guess(0, 'carol')
  assert.ok(refused.status === 429 && Number(refused.headers['retry-after']) > 600)
  for (const node of nodes) {
    const event = await node.event('request.refused', ({ reason }) => reason === 'rate_limited')
    assert.equal(event.address, '127.0.0.1')
  }
})
