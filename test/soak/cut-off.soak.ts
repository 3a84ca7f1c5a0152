import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { startCluster } from '../support/cluster.ts'
import type { Served } from '../support/command.ts'
import { revokedOf } from '../support/revocations.ts'
import { closedAt, openStreams } from '../support/streams.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What is promised, in ms. */
const PROMISED = 30_000
const STREAMS = 10

test('a node that is cut off from Redis stops serving within 30 s, and serves again when it is not', async (t) => {
  const cluster = await startCluster(await temporaryDirectory(t), 1)
  t.after(async () => cluster.close())
  const pair = await cluster.authority.client('caller')
  const targetOf = ({ ports }: Served, as: TestPair) => ({
    port: ports.certificates,
    ca: cluster.authority.rootPem,
    ...as,
  })
  const statusOf = async (node: Served, as: TestPair): Promise<number> =>
    (await ask({ ...targetOf(node, as), ...modern('tools/list') })).status

  /** Takes a node off the wire, and waits until its last stream has ended. */
  async function cutOff(how: 'silent' | 'broken', cut: (wire: TcpProxy) => void): Promise<void> {
    const wire = await startTcpProxy(cluster.redis.port)
    t.after(() => wire.close())
    const node = await cluster.start(cluster.redis.url.replace(`:${cluster.redis.port}`, `:${wire.port}`))
    const streams = await openStreams(targetOf(node, pair), STREAMS)
    const ends = Promise.all(streams.map(closedAt))
    const began = performance.now()
    cut(wire)
    const revoked = await cluster.authority.client('revoked')
    await cluster.store.revocations.revoke([revokedOf(cluster.authority.issuingPem, revoked.cert)])
    assert.equal(await statusOf(node, pair), 200, 'while the list is fresh')
    const slowest = Math.max(...(await ends)) - began
    t.diagnostic(`${how}: the last of ${STREAMS} streams ended after ${(slowest / 1000).toFixed(3)} s`)
    assert.ok(slowest <= PROMISED, `${slowest} ms`)
    assert.deepEqual([await statusOf(node, pair), await statusOf(node, revoked)], [503, 503])
    const ready = await ask({ ...targetOf(node, pair), path: '/readyz', method: 'GET' })
    assert.equal(ready.status, 503)
    await wire.mend()
    // Nobody says when; the time of the test bounds it.
    while ((await statusOf(node, pair)) !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(await statusOf(node, revoked), 401, 'it has learned what it missed')
  }

  const [connected] = cluster.nodes
  assert.ok(connected)
  const spared = await openStreams(targetOf(connected, pair), STREAMS)
  await Promise.all([cutOff('silent', (wire) => wire.silence()), cutOff('broken', (wire) => wire.cut())])
  assert.equal(spared.filter(({ socket }) => socket.destroyed).length, 0)
  for (const stream of spared) stream.destroy()
})
