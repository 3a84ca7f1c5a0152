import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Cookie, type SessionData } from 'express-session'
import { newSessionToken } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser } from '../support/session-records.ts'
import type { OpenStore } from './store-under-test.ts'

const NOW = 1_763_712_000_000

type State = SessionData & { note?: string }

const stateOf = (note: string): State => ({ cookie: new Cookie(), note })

export function browserSessionsContract(open: OpenStore): void {
  describe('browser sessions', () => {
    let store: Store
    before(async () => {
      store = await open()
    })
    after(() => store.close())

    const set = (id: string, state: State): Promise<void> =>
      new Promise((resolve, reject) =>
        store.browserSessions.set(id, state, (error) => (error ? reject(error) : resolve())),
      )
    const get = (id: string): Promise<State | null | undefined> =>
      new Promise((resolve, reject) =>
        store.browserSessions.get(id, (error, state) => (error ? reject(error) : resolve(state))),
      )
    const destroy = (id: string): Promise<void> =>
      new Promise((resolve, reject) =>
        store.browserSessions.destroy(id, (error) => (error ? reject(error) : resolve())),
      )
    const touch = (id: string, state: State): Promise<void> =>
      new Promise((resolve) => store.browserSessions.touch?.(id, state, resolve))

    test('the state of a browser is kept, replaced and destroyed', async () => {
      const id = newSessionToken('alice')
      assert.ok(!(await get(id)))
      await set(id, stateOf('one'))
      assert.equal((await get(id))?.note, 'one')
      await set(id, stateOf('two'))
      assert.equal((await get(id))?.note, 'two')
      await destroy(id)
      assert.ok(!(await get(id)))
      await destroy(id)
    })

    test('touching state that is gone does not bring it back', async () => {
      const id = newSessionToken('alice')
      await set(id, stateOf('one'))
      await destroy(id)
      await touch(id, stateOf('one'))
      assert.ok(!(await get(id)))
    })

    test('state that holds the id, which is the session token, is refused', async () => {
      const id = newSessionToken('alice')
      await assert.rejects(set(id, stateOf(`see ${id}`)))
      assert.ok(!(await get(id)))
    })

    test('state of more than 4 KiB is refused', async () => {
      const id = newSessionToken('alice')
      await assert.rejects(set(id, stateOf('x'.repeat(4_096))), (error) =>
        isSallyportError(error, 'QUOTA_EXCEEDED'),
      )
      assert.ok(!(await get(id)))
    })

    test('state that comes back after a logout does not bring the session back', async () => {
      const user = newUser()
      await store.users.create(user)
      const session = newSession(user, NOW)
      await store.sessions.open(session.record, NOW + 1_000, undefined, NOW, 20)
      await set(session.token, stateOf('one'))
      await store.sessions.end(session.digest, session.slot)
      await destroy(session.token)
      await set(session.token, stateOf('late'))
      assert.equal((await get(session.token))?.note, 'late')
      assert.equal(await store.sessions.validate(session.digest, session.slot, NOW), undefined)
    })
  })
}
