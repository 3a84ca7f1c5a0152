import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { storeContract } from './contract.ts'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
})
after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

const path = (): string => join(directory, 'store.db')
const execute = async (sql: string, ...values: (string | number)[]): Promise<void> => {
  const database = new DatabaseSync(path())
  database.prepare(sql).run(...values)
  database.close()
}

storeContract(() => openStore(`sqlite:${path()}`, { now: Date.now, slotOf }), {
  disable: (name) => execute('UPDATE users SET disabled = 1 WHERE name = ?', name),
  setIdleEnd: ({ digest }, idleExpiresAt) =>
    execute('UPDATE sessions SET idle_expires_at = ? WHERE digest = ?', idleExpiresAt, digest),
  setRevocationEpoch: (epoch) => execute('UPDATE revocation_state SET epoch = ?', epoch),
})
