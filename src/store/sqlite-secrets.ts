import type { KeptSecret, SecretEntries } from '../login/secret-entries.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, textIn, type Row } from './sqlite-row.ts'

const OTHERS = `
  SELECT count(*) AS entries FROM upstream_secrets WHERE principal = ? AND NOT (upstream = ? AND name = ?)`

const PUT = `
  INSERT INTO upstream_secrets (principal, upstream, name, set_at, sealed) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET set_at = excluded.set_at, sealed = excluded.sealed`

const ONE = 'WHERE principal = ? AND upstream = ? AND name = ?'

/** What principals keep for upstreams, in the table `upstream_secrets`. */
export function sqliteSecrets({ durable, answer, write }: SqliteDatabase): SecretEntries {
  const found = durable.prepare(`SELECT * FROM upstream_secrets ${ONE}`)
  const ofPrincipal = durable.prepare(
    'SELECT upstream, name, set_at FROM upstream_secrets WHERE principal = ? ORDER BY upstream, name',
  )
  const others = durable.prepare(OTHERS)
  const put = durable.prepare(PUT)
  const remove = durable.prepare(`DELETE FROM upstream_secrets ${ONE}`)
  const removeAll = durable.prepare('DELETE FROM upstream_secrets WHERE principal = ?')
  const principals = durable.prepare('SELECT DISTINCT principal FROM upstream_secrets ORDER BY principal')
  return {
    find: (principal, upstream, name) =>
      answer(() => {
        const row = found.get(principal, upstream, name)
        return row === undefined ? undefined : { ...keptIn(row), sealed: textIn(row, 'sealed') }
      }),
    list: (principal) => answer(() => ofPrincipal.all(principal).map(keptIn)),
    put: (principal, { upstream, name, setAt, sealed }, most) =>
      write(() => {
        const beside: Row = others.get(principal, upstream, name) ?? {}
        if (numberIn(beside, 'entries') + 1 > most) return false
        return put.run(principal, upstream, name, setAt, sealed).changes === 1
      }),
    remove: (principal, upstream, name) => answer(() => remove.run(principal, upstream, name).changes === 1),
    removeAll: (principal) => answer(() => void removeAll.run(principal)),
    principals: () => answer(() => principals.all().map((row) => textIn(row, 'principal'))),
  }
}

function keptIn(row: Row): KeptSecret {
  return { upstream: textIn(row, 'upstream'), name: textIn(row, 'name'), setAt: numberIn(row, 'set_at') }
}
