import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import type { Note } from '../../src/tools/note-store.ts'
import type { OpenStore } from './store-under-test.ts'

const ROOMY = { notes: 1_000, bytes: 1_000_000 }

const someone = (): string => `user:n-${randomBytes(6).toString('hex')}`
const noteOf = (author: string, fields: Partial<Note> = {}): Note => ({
  id: `note-${randomBytes(8).toString('hex')}`,
  text: 'a text',
  author,
  updatedAt: 1_763_712_000_000,
  ...fields,
})

export function notesContract(open: OpenStore): void {
  describe('notes', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    test('a note comes back as it was written, on every connection', async () => {
      for (const text of ['', 'a text', 'größer 🚪\n"quoted"', 'with a \u0000 inside']) {
        const note = noteOf(someone(), { text })
        assert.equal(await store.notes.write(note, ROOMY), true)
        assert.deepEqual(await other.notes.read(note.id), note)
      }
    })

    test('an unknown note is undefined', async () => {
      assert.equal(await store.notes.read('none'), undefined)
    })

    test('a note is overwritten, and then is of its new author', async () => {
      const note = noteOf(someone())
      const next = { ...note, author: someone(), text: 'another text', updatedAt: 1_763_712_000_001 }
      await store.notes.write(note, ROOMY)
      assert.equal(await store.notes.write(next, ROOMY), true)
      assert.deepEqual(await other.notes.read(note.id), next)
    })

    test('a deleted note is gone, and says once that it was there', async () => {
      const note = noteOf(someone())
      await store.notes.write(note, ROOMY)
      assert.equal(await other.notes.delete(note.id), true)
      assert.equal(await store.notes.delete(note.id), false)
      assert.equal(await store.notes.read(note.id), undefined)
      assert.ok(!(await store.notes.list(1_000)).includes(note.id))
    })

    test('ids are listed by name, at most so many', async () => {
      const author = someone()
      for (let at = 0; at < 5; at++) await store.notes.write(noteOf(author), ROOMY)
      const all = await other.notes.list(1_000)
      assert.deepEqual(all, all.toSorted())
      assert.deepEqual(await other.notes.list(3), all.slice(0, 3))
      assert.deepEqual(await other.notes.list(0), [])
    })

    test('the quota counts notes', async () => {
      const author = someone()
      const quota = { notes: 2, bytes: 1_000 }
      const [first, second, third] = [noteOf(author), noteOf(author), noteOf(author)]
      assert.equal(await store.notes.write(first, quota), true)
      assert.equal(await store.notes.write(second, quota), true)
      assert.equal(await store.notes.write(third, quota), false)
      assert.equal(await store.notes.read(third.id), undefined)
      assert.equal(await store.notes.write({ ...first, text: 'again' }, quota), true)
      await store.notes.delete(second.id)
      assert.equal(await store.notes.write(third, quota), true)
    })

    test('the quota counts bytes of UTF-8, of all notes together', async () => {
      const author = someone()
      const quota = { notes: 10, bytes: 10 }
      const [first, second] = [noteOf(author, { text: 'äää' }), noteOf(author, { text: '🚪' })]
      assert.equal(await store.notes.write(first, quota), true)
      assert.equal(await store.notes.write(second, quota), true)
      assert.equal(await store.notes.write(noteOf(author, { text: 'x' }), quota), false)
      assert.equal(await store.notes.write({ ...second, text: '🚪x' }, quota), false)
      assert.deepEqual(await store.notes.read(second.id), second)
      assert.equal(await store.notes.write({ ...first, text: 'ää' }, quota), true)
      assert.equal(await store.notes.write(noteOf(author, { text: 'xy' }), quota), true)
    })

    test('a note that somebody else overwrites counts against the new author', async () => {
      const [alice, bob] = [someone(), someone()]
      const quota = { notes: 1, bytes: 6 }
      const note = noteOf(alice)
      await store.notes.write(note, quota)
      assert.equal(await store.notes.write(noteOf(bob), quota), true)
      assert.equal(await store.notes.write({ ...note, author: bob }, quota), false)
      assert.equal(await store.notes.write(noteOf(alice), quota), false)
      assert.equal(await store.notes.write({ ...note, author: someone() }, quota), true)
      assert.equal(await store.notes.write(noteOf(alice), quota), true)
    })

    test('of 20 writes at the same time exactly as many succeed as the quota allows', async () => {
      const writes = (author: string, quota: { notes: number; bytes: number }): Promise<boolean[]> =>
        Promise.all(
          Array.from({ length: 20 }, (_, at) => (at % 2 ? store : other).notes.write(noteOf(author), quota)),
        )
      const byCount = await writes(someone(), { notes: 7, bytes: 1_000 })
      assert.equal(byCount.filter(Boolean).length, 7)
      const byBytes = await writes(someone(), { notes: 100, bytes: 6 * 5 + 5 })
      assert.equal(byBytes.filter(Boolean).length, 5)
    })

    test('of 20 writes of one note at the same time all are counted once', async () => {
      const author = someone()
      const note = noteOf(author)
      const quota = { notes: 1, bytes: 6 }
      const written = await Promise.all(
        Array.from({ length: 20 }, (_, at) => (at % 2 ? store : other).notes.write(note, quota)),
      )
      assert.ok(written.every(Boolean))
      assert.equal(await store.notes.delete(note.id), true)
      assert.equal(await store.notes.write(noteOf(author), quota), true)
    })
  })
}
