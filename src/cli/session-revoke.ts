import { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { noSuchUser } from '../login/user-faults.ts'
import type { Store } from '../store/store.ts'
import { configuration } from './configuration.ts'
import { confirm } from './confirm.ts'
import { print, printJson, tell } from './print.ts'
import { revokeAllOf } from './revoke-all-of.ts'
import { revokeOne } from './revoke-one.ts'
import { storeOf } from './store-of.ts'

interface Flags {
  readonly all?: true
  readonly yes?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport session revoke alice                      # all of alice's
  npx sallyport session revoke alice 3f9c0d5e8b7a6142     # one, by its id in "session list"
  npx sallyport session revoke --all                      # everybody's

Takes effect on the next request, and ends open streams within a second, on every server that reaches the store. Needs
neither a session secret nor a factor key.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport session revoke`: ends sessions everywhere. */
export function sessionRevokeCommand(): Command {
  return new Command('revoke')
    .description('End the sessions of a user, one of them, or those of everybody.')
    .argument('[user]', 'whose')
    .argument('[id]', 'the one session, as "session list" calls it')
    .option('--all', 'those of everybody')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (user: string | undefined, id: string | undefined, flags: Flags, command: Command) => {
      if ((user === undefined) !== (flags.all === true))
        return command.error('error: say a user, or --all', { exitCode: 2 })
      await run(user, id, flags)
    })
}

async function run(user: string | undefined, id: string | undefined, flags: Flags): Promise<void> {
  const config = configuration()
  const store = await storeOf(config)
  try {
    if (user === undefined) return await everybody(store, config, flags)
    if ((await store.users.find(user)) === undefined) throw noSuchUser(user)
    if (id === undefined) {
      await revokeAllOf([user], store, config, () =>
        report(flags, { user }, `the sessions of ${user} have ended`),
      )
    } else {
      await revokeOne(user, id, store, config, () =>
        report(flags, { user, id }, `the session ${id} of ${user} has ended`),
      )
    }
  } finally {
    await store.close()
  }
}

async function everybody(store: Store, config: Config, flags: Flags): Promise<void> {
  const names = (await store.users.list()).map(({ name }) => name)
  if (!(await isAgreed(names.length, flags))) return tell('nothing was done')
  await revokeAllOf(names, store, config, () =>
    report(flags, { users: names }, `the sessions of everybody have ended (${names.length} users)`),
  )
}

async function isAgreed(users: number, { yes }: Flags): Promise<boolean> {
  if (yes === true) return true
  const answer = await confirm(`End the sessions of everybody (${users} users)?`)
  if (answer !== undefined) return answer
  throw new SallyportError('REFUSED', 'nobody can be asked here, so nothing was done: say --yes to do it')
}

function report({ json }: Flags, result: object, words: string): void {
  if (json === true) printJson(result)
  else print(words)
}
