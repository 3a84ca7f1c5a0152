import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { addGrant } from '../access/add-grant.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { addUser, assertUserName } from '../login/add-user.ts'
import { updateAccessFile } from './access-file.ts'
import { OPERATOR, recorded } from './change-user.ts'
import { configuration } from './configuration.ts'
import { assertFactorKey } from './factor-key-fault.ts'
import { hashes } from './hashes.ts'
import { print, printJson } from './print.ts'
import { storeOf } from './store-of.ts'
import { accessTo } from './user-access.ts'

const EXAMPLES = `
Examples:
  npx sallyport user add alice --role reader
  printf '%s' "$PASSWORD" | npx sallyport user add bob --role admin --password-stdin

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

interface Flags {
  readonly role: readonly string[]
  readonly passwordStdin?: true
  readonly json?: true
}

/** `sallyport user add`: a new person who logs in. */
export function userAddCommand(): Command {
  return new Command('add')
    .description('Add a user. Prints a one-time password, good for an hour, for setting one of his own.')
    .argument(
      '<name>',
      'up to 64 of a-z, 0-9, ".", "_" and "-"; of another trust domain as in corp.example/alice',
    )
    .option('--role <role>', 'grant this role of access.yaml; may be repeated', collect, [])
    .option('--password-stdin', 'read the password from standard input instead')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(add)
}

async function add(name: string, { role, passwordStdin, json }: Flags): Promise<void> {
  assertUserName(name)
  const config = configuration()
  const password = passwordStdin === true ? await passwordFromInput() : undefined
  const grant = (document: string): string => addGrant(document, `user:${name}`, role)
  const store = await storeOf(config)
  try {
    const person = { name, ...(password === undefined ? {} : { password }) }
    // A role that does not exist is found out before there is a user.
    await updateAccessFile(config.access, (document) => (grant(document), document))
    const access = accessTo(store, config)
    await assertFactorKey(access, config.store)
    const added = await addUser(access, hashes(config), person, Date.now())
    // Printed before the grant: whatever comes of that, there is a user with this password now.
    if (json === true) printJson({ ...added, roles: role })
    else report(name, role, added.oneTimePassword)
    await completed(name, grant, config)
  } finally {
    await store.close()
  }
}

/** On record before it counts for anything: without a role nobody may do anything. */
async function completed(name: string, grant: (document: string) => string, config: Config): Promise<void> {
  try {
    await recorded({ event: 'user.added', principal: `user:${name}`, by: OPERATOR }, config)
    await updateAccessFile(config.access, grant)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `the user "${name}" was added, but not its roles: ${why}; grant them in ${config.access}`
    throw new SallyportError('POLICY_INVALID', message, { cause })
  }
}

function report(name: string, roles: readonly string[], oneTimePassword: string | undefined): void {
  if (oneTimePassword !== undefined) return print(`one-time password: ${oneTimePassword}`)
  print(`user ${name} (${roles.length === 0 ? 'no role' : roles.join(', ')})`)
}

/** One line break at the end belongs to the shell, not to the password. */
async function passwordFromInput(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw new SallyportError('PASSWORD_REFUSED', 'there is no password on standard input')
  return password
}

function collect(role: string, roles: readonly string[]): readonly string[] {
  return [...roles, role]
}
