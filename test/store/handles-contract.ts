import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

export function handlesContract(open: OpenStore): void {
  describe('user handles', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const newHandle = (): string => randomBytes(32).toString('base64url')

    test('a handle leads to its user, on every connection, and to nobody before', async () => {
      const handle = newHandle()
      assert.equal(await store.handles.userOf(handle), undefined)
      await store.handles.claim(handle, 'alice')
      assert.equal(await other.handles.userOf(handle), 'alice')
      assert.equal(await other.handles.userOf(newHandle()), undefined)
    })

    test('it may be claimed again, and the last claim counts', async () => {
      const handle = newHandle()
      await store.handles.claim(handle, 'somebody-by-hand')
      await other.handles.claim(handle, 'alice')
      await store.handles.claim(handle, 'alice')
      assert.equal(await store.handles.userOf(handle), 'alice')
    })

    test('handles are told apart to the letter', async () => {
      const handle = `a${newHandle()}`
      await store.handles.claim(handle, 'alice')
      assert.equal(await store.handles.userOf(handle.toUpperCase()), undefined)
      assert.equal(await store.handles.userOf(`${handle} `), undefined)
      assert.equal(await store.handles.userOf(''), undefined)
    })
  })
}
