import { Command } from 'commander'
import { listedSession, type ListedSession } from '../login/listed-session.ts'
import { noSuchUser } from '../login/user-faults.ts'
import type { Store } from '../store/store.ts'
import { configuration } from './configuration.ts'
import { print, printJson, table } from './print.ts'
import { storeOf } from './store-of.ts'
import { visible } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport session list
  npx sallyport session list alice
  npx sallyport session list alice --json

"npx sallyport session revoke" ends them. Needs neither a session secret nor a factor key: what somebody else wrote into
the store is listed, too, though no server believes it.`

/** A session, and whose it is. */
interface Row extends Omit<ListedSession, 'current'> {
  readonly user: string
}

/** `sallyport session list`: the sessions that are live now. */
export function sessionListCommand(): Command {
  return new Command('list')
    .description('List the live sessions of a user, or of everybody.')
    .argument('[user]', 'whose; everybody unless given')
    .option('--json', 'print them as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (user: string | undefined, { json }: { readonly json?: true }) => {
      const store = await storeOf(configuration())
      try {
        report(await rowsOf(user, store), json === true)
      } finally {
        await store.close()
      }
    })
}

async function rowsOf(user: string | undefined, store: Store): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const name of await namesOf(user, store))
    for (const live of await store.sessions.list(name, Date.now())) {
      const { current: _current, ...listed } = listedSession(live)
      rows.push({ user: name, ...listed })
    }
  return rows
}

async function namesOf(user: string | undefined, { users }: Store): Promise<readonly string[]> {
  if (user === undefined) return (await users.list()).map(({ name }) => name)
  if ((await users.find(user)) === undefined) throw noSuchUser(user)
  return [user]
}

function report(rows: readonly Row[], json: boolean): void {
  if (json) return printJson(rows)
  if (rows.length === 0) return print('nobody is logged in')
  print(
    table(
      ['USER', 'ID', 'DEVICE', 'ADDRESS', 'PROVED', 'LOGGED IN', 'LAST SEEN'],
      rows.map((row) =>
        [
          row.user,
          row.id,
          row.device,
          row.address,
          row.pending === null ? row.methods.join('+') : `${row.methods.join('+')}, lacks ${row.pending}`,
          row.createdAt,
          row.lastSeenAt,
        ].map(visible),
      ),
    ),
  )
}
