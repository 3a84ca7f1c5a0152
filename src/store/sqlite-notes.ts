import type { Note, NoteStore } from '../tools/note-store.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

const USED_BY_OTHERS = `
  SELECT count(*) AS notes, coalesce(sum(bytes), 0) AS bytes FROM notes WHERE author = ? AND id <> ?`

const UPSERT = `
  INSERT INTO notes (id, text, bytes, author, updated_at) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET
    text = excluded.text, bytes = excluded.bytes, author = excluded.author, updated_at = excluded.updated_at`

/** The notes, in the table `notes`. */
export function sqliteNotes({ durable, answer, write }: SqliteDatabase): NoteStore {
  const ids = durable.prepare('SELECT id FROM notes ORDER BY id LIMIT ?')
  const byId = durable.prepare('SELECT * FROM notes WHERE id = ?')
  const remove = durable.prepare('DELETE FROM notes WHERE id = ?')
  const used = durable.prepare(USED_BY_OTHERS)
  const upsert = durable.prepare(UPSERT)
  return {
    list: (limit) => answer(() => ids.all(limit).map((row) => textIn(row, 'id'))),
    read: (id) =>
      answer(() => {
        const row = byId.get(id)
        return row === undefined ? undefined : noteOf(row)
      }),
    write: ({ id, text, author, updatedAt }, quota) =>
      write(() => {
        const bytes = Buffer.byteLength(text)
        const usage: Row = used.get(author, id) ?? {}
        if (numberIn(usage, 'notes') + 1 > quota.notes) return false
        if (numberIn(usage, 'bytes') + bytes > quota.bytes) return false
        return upsert.run(id, text, bytes, author, updatedAt).changes === 1
      }),
    delete: (id) => answer(() => remove.run(id).changes === 1),
  }
}

function noteOf(row: Row): Note {
  return Object.freeze({
    id: textIn(row, 'id'),
    text: textIn(row, 'text'),
    author: textIn(row, 'author'),
    updatedAt: numberIn(row, 'updated_at'),
  })
}
