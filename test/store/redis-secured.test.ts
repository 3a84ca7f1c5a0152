import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { redisOptions } from '../../src/cli/redis-options.ts'
import { loadConfig } from '../../src/config/config.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { connectRedis } from '../../src/store/redis-client.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { COMMANDS, refusals, rightsOf, usedCommands } from '../support/redis-user.ts'
import { storeContract } from './contract.ts'
import { redisBackdoor } from './redis-backdoor.ts'

const PREFIX = 'house-7:door:'
const PASSWORD = 'a/password@with#every:thing?'

const isUnavailable = (pattern: RegExp) => (error: unknown) =>
  isSallyportError(error, 'STORE_UNAVAILABLE') &&
  pattern.test(error.message) &&
  !error.message.includes(PASSWORD)

describe('on a Redis that asks for client certificates, as a user of few rights, under a prefix of its own', () => {
  let directory: string
  let authority: TestAuthority
  let server: RedisServer
  let location: string
  let options: ReturnType<typeof redisOptions>
  let admin: { readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } }

  /** The options of a store, from files, as an installation has them. */
  const optionsFrom = async (tls: object, folder = directory): Promise<ReturnType<typeof redisOptions>> => {
    await writeFile(join(folder, 'sallyport.yaml'), JSON.stringify({ redis: { prefix: PREFIX, tls } }))
    const environment = { SALLYPORT_STORE: location, SALLYPORT_SESSION_SECRET: 'x'.repeat(40) }
    return redisOptions(loadConfig(environment, folder))
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-secured-'))
    authority = await testAuthority(directory)
    const { certificate, key } = authority.serverFiles
    await writeFile(join(directory, 'ca.pem'), authority.rootPem + authority.issuingPem)
    server = await startRedis({
      tls: { certificate, key, ca: join(directory, 'ca.pem') },
      settings: [`user sallyport on >${PASSWORD} ${rightsOf(COMMANDS, PREFIX)}`],
    })
    const files = await authority.writeClient('redis-client')
    admin = { tls: { ca: authority.rootPem, ...(await authority.client('admin')) } }
    location = `rediss://sallyport:${encodeURIComponent(PASSWORD)}@localhost:${server.port}`
    const root = authority.files.root
    options = await optionsFrom({ ca: root, certificate: files.certificate, key: files.key })
    const raw = new Redis(server.url, admin)
    await raw.config('RESETSTAT')
    raw.disconnect()
  })
  after(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  storeContract(
    async () => openStore(location, { now: Date.now, slotOf, ...options }),
    redisBackdoor(() => new Redis(server.url, admin), PREFIX),
  )

  test('every right that the user has is used, and nothing was refused for lack of one', async () => {
    const store = await openStore(location, { now: Date.now, slotOf, ...options })
    await store.ping()
    await store.users.create({
      name: 'alice',
      credentials: '-',
      revision: 0,
      disabled: false,
      epoch: 0,
      createdAt: 0,
    })
    await store.sessions.list('alice', Date.now())
    await store.histories.add('alice', { at: 1, event: 'login', address: '', userAgent: '' })
    assert.equal((await store.histories.list('alice')).length, 1)
    assert.equal((await store.rateLimits({ name: 'x', points: 5, seconds: 60 }).consume('a', 1)).points, 1)
    await store.close()
    const client = await connectRedis(location, options)
    await client.answer((redis) => redis.wait(0, 1))
    await client.close()
    assert.deepEqual(await refusals(server, admin), [])
    const used = await usedCommands(server, admin)
    assert.deepEqual(
      COMMANDS.filter((command) => !used.includes(command)),
      [],
    )
    const raw = new Redis(server.url, admin)
    const keys = await raw.keys('*')
    raw.disconnect()
    assert.ok(keys.length > 0 && keys.every((key) => key.startsWith(PREFIX)), 'no key is without the prefix')
  })

  test('what the user has no right to is refused and says so, and no other key is within reach', async () => {
    const client = await connectRedis(location, options)
    await assert.rejects(
      client.answer((redis) => redis.flushall()),
      isUnavailable(/NOPERM/),
    )
    await assert.rejects(
      client.answer((redis) => redis.get('sallyport:users')),
      isUnavailable(/NOPERM/),
    )
    await client.close()
    const other = { ...options, prefix: 'another:' }
    const store = await openStore(location, { now: Date.now, slotOf, ...other })
    await assert.rejects(store.users.list(), isUnavailable(/NOPERM/))
    await store.close()
  })

  test('ASVS 12.3.5: without a client certificate Redis is out of reach', async () => {
    const without = await optionsFrom({ ca: authority.files.root })
    await assert.rejects(connectRedis(location, without), isUnavailable(/cannot use Redis at localhost/))
  })

  test('ASVS 12.3.4: of Redis only a certificate of the CA that is named is believed', async () => {
    const publicly = await optionsFrom({})
    await assert.rejects(
      connectRedis(location, publicly),
      isUnavailable(/self-signed|unable to (?:get|verify)/),
    )
    const elsewhere = join(directory, 'elsewhere')
    await mkdir(elsewhere)
    const other = await testAuthority(elsewhere)
    const strange = await optionsFrom({ ca: other.files.root })
    await assert.rejects(connectRedis(location, strange), isUnavailable(/unable to|self-signed|certificate/))
  })

  test('ASVS 12.3.2: the name in the certificate of Redis has to be the one that was asked for', async () => {
    const elsewhere = location.replace('@localhost', '@127.1')
    await assert.rejects(connectRedis(elsewhere, options), isUnavailable(/does not match certificate/))
  })

  test('a client certificate that is renewed in its place is shown by the next connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-renewed-'))
    const put = async ({ cert, key }: { cert: string; key: string }): Promise<void> => {
      await writeFile(join(folder, 'we.pem'), cert)
      await writeFile(join(folder, 'we.key.pem'), key)
    }
    await put(await authority.client('redis-client', 'expired'))
    const own = await optionsFrom(
      { ca: authority.files.root, certificate: 'we.pem', key: 'we.key.pem' },
      folder,
    )
    await assert.rejects(connectRedis(location, own), isUnavailable(/cannot use Redis/))
    await put(await authority.client('redis-client'))
    const client = await connectRedis(location, own)
    // Half of a pair is of no use: the last one holds.
    await writeFile(join(folder, 'we.pem'), await readFile(authority.files.root))
    await client.answer(async (redis) => redis.disconnect(true))
    await new Promise((resolve) => client.redis.once('ready', resolve))
    await client.ping()
    await client.close()
    await rm(folder, { recursive: true })
  })

  test('files that are missing or of no use are named', async () => {
    await assert.rejects(optionsFrom({ ca: 'nowhere.pem' }), /nowhere\.pem cannot be read \(ENOENT\): check/)
    const [certificate, key] = [authority.serverFiles.certificate, (await authority.writeClient('x')).key]
    await assert.rejects(
      optionsFrom({ certificate, key }),
      /server\.pem, .*client\.key\.pem are of no use together/,
    )
  })
})
