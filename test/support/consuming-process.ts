import { once } from 'node:events'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'

/** `node consuming-process.ts LOCATION LIMIT TIMES`: counts so often at once, and prints how many were let through. */
const [location = '', limit = '', times = ''] = process.argv.slice(2)
const store = await openStore(location, { now: Date.now, slotOf })
const limiter = store.rateLimits({ name: 'shared', points: Number(limit), seconds: 60 })
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
const counts = await Promise.all(Array.from({ length: Number(times) }, () => limiter.consume('one')))
process.stdout.write(`${counts.filter(({ isOver }) => !isOver).length}\n`)
await store.close()
