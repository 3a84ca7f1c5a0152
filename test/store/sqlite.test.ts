import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { storeContract } from './contract.ts'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
})
after(() => rm(directory, { recursive: true, force: true }))

storeContract(() => openStore(`sqlite:${join(directory, 'store.db')}`, { now: Date.now, slotOf }))
