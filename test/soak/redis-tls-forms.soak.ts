import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { isSallyportError } from '../../src/errors.ts'
import { connectRedis, type ClientOptions } from '../../src/store/redis-client.ts'
import { testAuthority } from '../support/certificates.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startSentinels } from '../support/redis-sentinels.ts'
import type { RedisTls } from '../support/redis.ts'

let directory: string
let tls: RedisTls
let options: ClientOptions
let withoutCertificate: ClientOptions
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-redis-tls-'))
  const authority = await testAuthority(directory)
  const ca = join(directory, 'ca.pem')
  await writeFile(ca, authority.rootPem + authority.issuingPem)
  // The nodes show theirs to each other, too, and it is for servers alone.
  const { certificate, key } = authority.serverFiles
  const client = await authority.writeClient('redis-node')
  const clientSide = [`tls-client-cert-file ${client.certificate}`, `tls-client-key-file ${client.key}`]
  const pair = await authority.client('sallyport')
  const context = createSecureContext({ ca: authority.rootPem, ...pair })
  tls = {
    server: { certificate, key, ca, settings: clientSide },
    client: { ca: authority.rootPem, ...pair },
  }
  options = { tls: { secureContext: context } }
  withoutCertificate = { tls: { secureContext: createSecureContext({ ca: authority.rootPem }) } }
})
after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

const isUnavailable = (error: unknown): boolean => isSallyportError(error, 'STORE_UNAVAILABLE')

/** Reads, writes and listens. */
async function works(location: string): Promise<void> {
  const client = await connectRedis(location, options)
  const heard = Promise.withResolvers<void>()
  const stop = client.subscribe('news', heard.resolve)
  await heard.promise
  await client.answer((redis) => redis.set('a', '1'))
  assert.equal(await client.answer((redis) => redis.get('a')), '1')
  await client.ping()
  stop()
  await client.close()
}

test('ASVS 12.3.5: sentinels and the master that they name are spoken to over TLS, with certificates on both sides', async (t) => {
  const servers = await startSentinels({ tls })
  t.after(() => servers.stop())
  assert.match(servers.url, /^rediss\+sentinel:/)
  await works(servers.url)
  await assert.rejects(connectRedis(servers.url, withoutCertificate), isUnavailable)
  await assert.rejects(connectRedis(servers.url.replace('rediss', 'redis'), options), isUnavailable)
})

test('ASVS 12.3.5: all nodes of a cluster are spoken to over TLS, with certificates on both sides', async (t) => {
  const cluster = await startRedisCluster(0, [], tls)
  t.after(() => cluster.stop())
  assert.match(cluster.url, /^rediss\+cluster:/)
  await works(cluster.url)
  await assert.rejects(connectRedis(cluster.url, withoutCertificate), isUnavailable)
  await assert.rejects(connectRedis(cluster.url.replace('rediss', 'redis'), options), isUnavailable)
})
