import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { SecretEntry } from '../../src/login/secret-entries.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

const MOST = 4

export function secretsContract(open: OpenStore): void {
  describe('secrets for upstreams', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const newPrincipal = (): string => `user:u-${randomBytes(6).toString('hex')}`
    const entry = (fields: Partial<SecretEntry> = {}): SecretEntry => ({
      upstream: 'wiki',
      name: 'token',
      setAt: 1_763_712_000_000,
      sealed: 'v1.sealed',
      ...fields,
    })
    const put = (principal: string, one: SecretEntry): Promise<boolean> =>
      store.secrets.put(principal, one, MOST)

    test('an entry is found on every connection as it was written, and is listed without what is sealed', async () => {
      const principal = newPrincipal()
      assert.equal(await store.secrets.find(principal, 'wiki', 'token'), undefined)
      assert.deepEqual(await store.secrets.list(principal), [])
      assert.equal(await put(principal, entry()), true)
      assert.deepEqual({ ...(await other.secrets.find(principal, 'wiki', 'token')) }, entry())
      assert.deepEqual(structuredClone(await other.secrets.list(principal)), [
        { upstream: 'wiki', name: 'token', setAt: 1_763_712_000_000 },
      ])
    })

    test('another one takes its place, sealed text and time', async () => {
      const principal = newPrincipal()
      await put(principal, entry())
      const later = entry({ sealed: 'v1.other', setAt: 1_763_712_000_001 })
      await other.secrets.put(principal, later, MOST)
      assert.deepEqual({ ...(await store.secrets.find(principal, 'wiki', 'token')) }, later)
      assert.equal((await store.secrets.list(principal)).length, 1)
    })

    test('principals, upstreams and names are told apart to the letter', async () => {
      const principal = newPrincipal()
      await put(principal, entry())
      const { find } = store.secrets
      assert.equal(await find(`${principal}x`, 'wiki', 'token'), undefined)
      assert.equal(await find(principal.replace('user:', 'service:'), 'wiki', 'token'), undefined)
      assert.equal(await find(principal, 'Wiki', 'token'), undefined)
      assert.equal(await find(principal, 'wik', 'itoken'), undefined)
      assert.equal(await find(principal, 'wiki', 'tokens'), undefined)
      assert.equal(await find(principal, 'wiki', ''), undefined)
    })

    test('a principal has so many and no more; what is there may be written again', async () => {
      const principal = newPrincipal()
      const tried = Array.from({ length: MOST + 4 }, async (_, at) =>
        (at % 2 === 0 ? store : other).secrets.put(principal, entry({ name: `n-${at}` }), MOST),
      )
      const done = await Promise.all(tried)
      assert.equal(done.filter(Boolean).length, MOST)
      const [first] = await store.secrets.list(principal)
      assert.ok(first)
      assert.equal(await put(principal, entry({ name: first.name, sealed: 'again' })), true)
      assert.equal((await other.secrets.find(principal, 'wiki', first.name))?.sealed, 'again')
      assert.equal(await put(principal, entry({ name: 'one-more' })), false)
      assert.equal(await store.secrets.find(principal, 'wiki', 'one-more'), undefined)
      assert.equal(await put(newPrincipal(), entry()), true, 'of others it is not counted')
    })

    test('they are listed by upstream and name', async () => {
      const principal = newPrincipal()
      for (const [upstream, name] of [
        ['wiki', 'b'],
        ['a-b', 'z'],
        ['wiki', 'a'],
        ['a', 'y'],
      ])
        await put(principal, entry({ upstream: upstream ?? '', name: name ?? '' }))
      assert.deepEqual(
        (await other.secrets.list(principal)).map(({ upstream, name }) => `${upstream} ${name}`),
        ['a y', 'a-b z', 'wiki a', 'wiki b'],
      )
    })

    test('one that is removed is gone everywhere, and the others stay', async () => {
      const principal = newPrincipal()
      await put(principal, entry())
      await put(principal, entry({ name: 'other' }))
      assert.equal(await other.secrets.remove(principal, 'wiki', 'token'), true)
      assert.equal(await store.secrets.remove(principal, 'wiki', 'token'), false)
      assert.equal(await store.secrets.find(principal, 'wiki', 'token'), undefined)
      assert.deepEqual(
        (await store.secrets.list(principal)).map(({ name }) => name),
        ['other'],
      )
    })

    test('everything of a principal goes at once, and nothing of others', async () => {
      const [principal, neighbour] = [newPrincipal(), newPrincipal()]
      await put(principal, entry())
      await put(principal, entry({ upstream: 'files' }))
      await put(neighbour, entry())
      await other.secrets.removeAll(principal)
      assert.deepEqual(await store.secrets.list(principal), [])
      assert.equal(await store.secrets.find(principal, 'files', 'token'), undefined)
      assert.equal((await store.secrets.list(neighbour)).length, 1)
      const principals = await other.secrets.principals()
      assert.ok(principals.includes(neighbour) && !principals.includes(principal))
      assert.deepEqual(principals, principals.toSorted())
    })

    test('who keeps something is named once', async () => {
      const principal = newPrincipal()
      await put(principal, entry())
      await put(principal, entry({ name: 'other' }))
      const principals = await store.secrets.principals()
      assert.equal(principals.filter((one) => one === principal).length, 1)
    })

    test('as much as a value can be is kept whole', async () => {
      const principal = newPrincipal()
      const sealed = 'x'.repeat(12_000)
      await put(principal, entry({ sealed }))
      assert.equal((await other.secrets.find(principal, 'wiki', 'token'))?.sealed, sealed)
    })
  })
}
