import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { factorKeys, upstreamSecretKeys } from '../../src/login/factor-keys.ts'
import { keyRing } from '../../src/login/key-ring.ts'
import { recentSecrets } from '../../src/login/recent-secrets.ts'
import type { SecretEntry } from '../../src/login/secret-entries.ts'
import { fitsSecret, LONGEST_SECRET } from '../../src/login/secret-value.ts'
import { secretVault, MOST_SECRETS, type SecretVault } from '../../src/login/secret-vault.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { vaultSecrets } from '../../src/vault-secrets.ts'
import { ENGINES } from '../support/login-door.ts'
import { startRedis } from '../support/redis.ts'

const [OLD, NEW] = ['o'.repeat(48), 'n'.repeat(48)]
const WIKI = 'https://wiki.internal'
const SECRET = 'the-secret-of-alice'

for (const engine of ENGINES)
  describe(`secrets for upstreams, on ${engine}`, () => {
    let store: Store
    let stop: () => Promise<void> = async () => undefined
    let time = 0
    let told: string[] = []
    let alice = ''
    let bob = ''
    before(async () => {
      const redis = engine === 'redis' ? await startRedis() : undefined
      const folder = await mkdtemp(join(tmpdir(), 'sallyport-vault-'))
      store = await openStore(redis?.url ?? `sqlite:${join(folder, 's.db')}`, { now: Date.now, slotOf })
      stop = async () => {
        await store.close()
        await redis?.stop()
        await rm(folder, { recursive: true, force: true, maxRetries: 10 })
      }
    })
    after(() => stop())
    beforeEach(() => {
      time = 1_763_712_000_000
      told = []
      alice = `user:alice-${randomBytes(6).toString('hex')}`
      bob = `user:bob-${randomBytes(6).toString('hex')}`
    })

    const vaultOf = (secrets: readonly string[]): SecretVault =>
      secretVault({
        entries: store.secrets,
        ring: keyRing(upstreamSecretKeys(secrets)),
        now: () => time,
        tell: (sentence) => told.push(sentence),
      })
    const place = (fields: object = {}) => ({
      principal: alice,
      upstream: 'wiki',
      audience: WIKI,
      name: 'token',
      ...fields,
    })
    const kept = async (principal: string, name = 'token'): Promise<SecretEntry> => {
      const entry = await store.secrets.find(principal, 'wiki', name)
      assert.ok(entry)
      return entry
    }

    test('what is set is read for the same principal, upstream and audience, and is nowhere else', async () => {
      const vault = vaultOf([OLD])
      assert.equal(await vault.set(place(), SECRET), 'set')
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token', 'other'])) }, { token: SECRET })
      assert.deepEqual({ ...(await vault.read(bob, 'wiki', WIKI, ['token'])) }, {})
      assert.deepEqual({ ...(await vault.read(alice, 'files', WIKI, ['token'])) }, {})
      assert.deepEqual(told, [])
      const { sealed } = await kept(alice)
      assert.match(sealed, /^v1\.[0-9a-f]{8}\.[\w.-]+$/)
      for (const text of [SECRET, Buffer.from(SECRET).toString('base64url').slice(0, 12), 'alice', 'wiki'])
        assert.ok(!sealed.includes(text), text)
    })

    test('once the upstream is at another address it is not there, the operator is told once, and it can be set again', async () => {
      const vault = vaultOf([OLD])
      await vault.set(place(), SECRET)
      const elsewhere = 'https://evil.example'
      for (let at = 0; at < 3; at++)
        assert.deepEqual({ ...(await vault.read(alice, 'wiki', elsewhere, ['token'])) }, {})
      assert.equal(told.length, 1)
      assert.match(
        told[0] ?? '',
        /^the secret token of user:alice-\w+ for the upstream "wiki" cannot be used: /,
      )
      assert.ok(!told[0]?.includes(SECRET))
      const states = (audience: string) =>
        vault.look({ principal: alice, upstream: 'wiki', audience }, ['other', 'token'])
      const none = { name: 'other', setAt: null, isGood: false }
      assert.deepEqual(await states(elsewhere), [none, { name: 'token', setAt: time, isGood: false }])
      assert.deepEqual(await states(WIKI), [none, { name: 'token', setAt: time, isGood: true }])
      time += 5
      await vault.set(place({ audience: elsewhere }), 'another')
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', elsewhere, ['token'])) }, { token: 'another' })
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, {}, 'there is one')
    })

    test('whoever writes to the store brings it to nobody else, to no other upstream, name or time', async () => {
      const vault = vaultOf([OLD])
      await vault.set(place(), SECRET)
      const entry = await kept(alice)
      const moves: readonly (readonly [string, Partial<SecretEntry>])[] = [
        [bob, {}],
        [alice, { upstream: 'files' }],
        [alice, { name: 'other' }],
        [alice, { setAt: entry.setAt + 1 }],
      ]
      for (const [principal, changes] of moves) {
        const moved = { ...entry, ...changes }
        await store.secrets.put(principal, moved, MOST_SECRETS)
        const read = await vault.read(principal, moved.upstream, WIKI, [moved.name])
        assert.deepEqual({ ...read }, {}, JSON.stringify(changes))
      }
      assert.equal(told.length, moves.length)
    })

    test('whoever writes to the store makes none up', async () => {
      const vault = vaultOf([OLD])
      await vault.set(place(), SECRET)
      const entry = await kept(alice)
      const foreign = keyRing(upstreamSecretKeys(['f'.repeat(48)]))
      const credentials = keyRing(factorKeys([OLD]))
      const own = ['sallyport-upstream-secret-v1', alice, 'wiki', WIKI, 'token', String(entry.setAt)] as const
      const flipped = entry.sealed.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
      const [, id] = entry.sealed.split('.')
      const forged = [
        '',
        SECRET,
        'v1.00000000.x',
        flipped,
        foreign.seal([...own], 'x'),
        foreign.seal([...own], 'x').replace(/^v1\.\w+/, `v1.${id}`),
        credentials.seal([...own], 'x'),
        credentials.seal([...own], 'x').replace(/^v1\.\w+/, `v1.${id}`),
        `${entry.sealed}\0`,
        'v1.'.repeat(40_000),
      ]
      for (const sealed of forged) {
        await store.secrets.put(alice, { ...entry, sealed }, MOST_SECRETS)
        assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, {}, sealed.slice(0, 40))
      }
      assert.equal(told.length, 1, 'said once, however often')
    })

    test('what was there before of the very same place can be put back: a limit, and no more than that', async () => {
      const vault = vaultOf([OLD])
      await vault.set(place(), 'the first')
      const earlier = await kept(alice)
      time += 1
      await vault.set(place(), SECRET)
      await store.secrets.put(alice, { ...earlier, setAt: time }, MOST_SECRETS)
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, {}, 'not under a new time')
      await store.secrets.put(alice, earlier, MOST_SECRETS)
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, { token: 'the first' })
    })

    test('a former factor key opens, the newest seals, and one that was taken away is named', async () => {
      await vaultOf([OLD]).set(place(), SECRET)
      const both = vaultOf([NEW, OLD])
      assert.deepEqual({ ...(await both.read(alice, 'wiki', WIKI, ['token'])) }, { token: SECRET })
      const alone = vaultOf([NEW])
      assert.deepEqual({ ...(await alone.read(alice, 'wiki', WIKI, ['token'])) }, {})
      const [, id] = (await kept(alice)).sealed.split('.')
      assert.ok(told[0]?.includes(`under the key ${id}`), told[0])
      await both.set(place(), SECRET)
      assert.deepEqual({ ...(await alone.read(alice, 'wiki', WIKI, ['token'])) }, { token: SECRET })
    })

    test('a principal keeps 64 and no more; one that is removed makes room', async () => {
      const vault = vaultOf([OLD])
      for (let at = 0; at < MOST_SECRETS; at++) await vault.set(place({ name: `n-${at}` }), 'x')
      assert.equal(await vault.set(place({ name: 'one-more' }), 'x'), 'full')
      assert.equal(await vault.set(place({ name: 'n-0' }), 'y'), 'set')
      assert.equal(await vault.remove(alice, 'wiki', 'n-1'), true)
      assert.equal(await vault.remove(alice, 'wiki', 'n-1'), false)
      assert.equal(await vault.set(place({ name: 'one-more' }), 'x'), 'set')
      assert.equal((await vault.list(alice)).length, MOST_SECRETS)
    })

    test('what is no line of 8 KiB at most is not kept', async () => {
      const vault = vaultOf([OLD])
      for (const bad of [
        '',
        'two\nlines',
        'x\r',
        '\0',
        '\u{7F}',
        '\u{9B}31m',
        '\u{D800}',
        'x'.repeat(8_193),
        'é'.repeat(4_097),
      ])
        assert.equal(await vault.set(place(), bad), 'unfit')
      for (const good of ['x', 'sk_live-1+/=', 'pässwörd 🗝', 'x'.repeat(8_192)]) {
        assert.equal(await vault.set(place(), good), 'set')
        assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, { token: good })
      }
    })

    test('what was just read is not asked for again; a change here counts at once, one elsewhere within 30 s', async () => {
      const behind = vaultOf([OLD])
      let reads = 0
      const counted = {
        ...behind,
        read: (...args: Parameters<SecretVault['read']>) => (reads++, behind.read(...args)),
      }
      const recent = recentSecrets(counted, () => time)
      const read = async (): Promise<string | undefined> =>
        (await recent.read(alice, 'wiki', WIKI, ['token']))['token']
      assert.equal(await read(), undefined)
      assert.equal(await read(), undefined)
      assert.equal(reads, 2, 'that there is none is asked again')
      await recent.set(place(), SECRET)
      assert.deepEqual([await read(), await read(), reads], [SECRET, SECRET, 3])
      await behind.remove(alice, 'wiki', 'token')
      time += 29_999
      assert.equal(await read(), SECRET)
      time += 1
      assert.equal(await read(), undefined, 'within 30 s')
      await recent.set(place(), 'again')
      assert.equal(await read(), 'again')
      await recent.remove(alice, 'wiki', 'token')
      assert.equal(await read(), undefined, 'at once')
      await recent.set(place(), 'back')
      assert.equal(await read(), 'back')
      time -= 60_000
      const soFar = reads
      await read()
      assert.equal(reads, soFar + 1, 'of a clock that went back nothing is known')
    })

    test('a read that a change overtakes is not remembered', async () => {
      const behind = vaultOf([OLD])
      await behind.set(place(), SECRET)
      const held = Promise.withResolvers<void>()
      const slow = {
        ...behind,
        async read(...args: Parameters<SecretVault['read']>) {
          const values = await behind.read(...args)
          await held.promise
          return values
        },
      }
      const recent = recentSecrets(slow, () => time)
      const reading = recent.read(alice, 'wiki', WIKI, ['token'])
      await recent.remove(alice, 'wiki', 'token')
      held.resolve()
      await reading
      assert.deepEqual({ ...(await recent.read(alice, 'wiki', WIKI, ['token'])) }, {})
    })

    test('upstreams read from the vault that people fill', async () => {
      const vault = vaultSecrets({
        store,
        factorKeys: [NEW, OLD],
        now: () => time,
        tell: (one) => told.push(one),
      })
      await vault.set(place(), SECRET)
      assert.deepEqual({ ...(await vault.read(alice, 'wiki', WIKI, ['token'])) }, { token: SECRET })
      assert.deepEqual({ ...(await vaultOf([NEW]).read(alice, 'wiki', WIKI, ['token'])) }, { token: SECRET })
    })
  })

test('what was sealed as credentials is no secret, nor the other way around', () => {
  const sealed = credentialVault(factorKeys([OLD]))
  assert.notEqual(factorKeys([OLD])[0].id, upstreamSecretKeys([OLD])[0].id)
  assert.equal(
    sealed.open(
      'alice',
      keyRing(upstreamSecretKeys([OLD])).seal(['sallyport-credentials-v1', 'alice'], '{}'),
    ),
    undefined,
  )
})

test('what fits is one line', () => {
  assert.equal(LONGEST_SECRET, 8_192)
  assert.ok(fitsSecret('x') && !fitsSecret('x\n'))
})
