import type { Histories, HistoryEntry } from '../login/history.ts'
import { HISTORY_LENGTH } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'
import { historyEventOf } from './stored-words.ts'

const INSERT = 'INSERT INTO histories (user, at, event, address, user_agent) VALUES (?, ?, ?, ?, ?)'

const CUT = `
  DELETE FROM histories WHERE id IN (
    SELECT id FROM histories WHERE user = ? ORDER BY id DESC LIMIT -1 OFFSET ${HISTORY_LENGTH})`

/** The histories of accounts, in the table `histories`. */
export function sqliteHistories({ durable, answer, write }: SqliteDatabase): Histories {
  const insert = durable.prepare(INSERT)
  const cut = durable.prepare(CUT)
  const ofUser = durable.prepare('SELECT * FROM histories WHERE user = ? ORDER BY id DESC')
  return {
    async add(user, { at, event, address, userAgent }) {
      await write(() => {
        insert.run(user, at, event, address, userAgent)
        cut.run(user)
        return true
      })
    },
    list: (user) => answer(() => ofUser.all(user).flatMap((row) => entryOf(row) ?? [])),
  }
}

function entryOf(row: Row): HistoryEntry | undefined {
  const event = historyEventOf(textIn(row, 'event'))
  if (event === undefined) return undefined
  const [address, userAgent] = [textIn(row, 'address'), textIn(row, 'user_agent')]
  return Object.freeze({ at: numberIn(row, 'at'), event, address, userAgent })
}
