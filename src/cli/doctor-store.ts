import { existsSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'
import { usersFindings } from './doctor-users.ts'
import { storeOf } from './store-of.ts'
import { accessTo } from './user-access.ts'

/** Above this a request waits for the store longer than for all the rest; at 250 the store counts as gone. In ms. */
const SLOW = 50
/** The fastest of so many counts. */
const ATTEMPTS = 5

/** Whether the store answers in time, and whether everybody in it can log in under our keys. */
export const store: Check = {
  name: 'store',
  async run({ config }) {
    if (config.store.kind === 'sqlite' && !existsSync(config.store.path))
      return [warning(`there is no database ${config.store.path} yet`, '"npx sallyport init" makes it')]
    const opened = await storeOf(config)
    try {
      return [await speedOf(opened, config), ...(await usersIn(opened, config))]
    } finally {
      await opened.close()
    }
  },
}

const { ok, warning } = findingsOf(store.name)

async function speedOf(opened: Store, { store: location }: Config): Promise<Finding> {
  let fastest = Infinity
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const asked = performance.now()
    await opened.ping()
    fastest = Math.min(fastest, performance.now() - asked)
  }
  const where = location.kind === 'sqlite' ? `the database ${location.path}` : location.display
  const what = `${where} answers in ${fastest.toFixed(1)} ms`
  return fastest < SLOW ? ok(what) : warning(what, 'bring it closer: every request of a session waits for it')
}

async function usersIn(opened: Store, config: Config): Promise<readonly Finding[]> {
  const { users, vault } = accessTo(opened, config)
  return usersFindings(await users.list(), vault)
}
