import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { addGrant } from '../access/add-grant.ts'
import { SallyportError } from '../errors.ts'
import type { Credentials } from '../login/credentials.ts'
import { addUser, assertUserName } from '../login/add-user.ts'
import { resetPassword } from '../login/reset-password.ts'
import { configuration } from './configuration.ts'
import { updateAccessFile } from './access-file.ts'
import { hashes } from './hashes.ts'
import { print, printJson, table } from './print.ts'
import { accessTo } from './user-access.ts'
import { storeOf } from './store-of.ts'

const ADD_EXAMPLES = `
Examples:
  npx sallyport user add alice --role reader
  printf '%s' "$PASSWORD" | npx sallyport user add bob --role admin --password-stdin

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

const LIST_EXAMPLES = `
Examples:
  npx sallyport user list
  npx sallyport user list --json`

const RESET_EXAMPLES = `
Examples:
  npx sallyport user reset-password alice`

interface AddFlags {
  readonly role: readonly string[]
  readonly passwordStdin?: true
  readonly json?: true
}

/** `sallyport user`: adds and lists the people who log in. */
export function userCommand(): Command {
  return new Command('user')
    .description('Add and list the people who log in, and reset their passwords.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(resetCommand())
}

function addCommand(): Command {
  return new Command('add')
    .description('Add a user. Prints a one-time password, good for an hour, for setting one of his own.')
    .argument(
      '<name>',
      'up to 64 of a-z, 0-9, ".", "_" and "-"; of another trust domain as in corp.example/alice',
    )
    .option('--role <role>', 'grant this role of access.yaml; may be repeated', collect, [])
    .option('--password-stdin', 'read the password from standard input instead')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', ADD_EXAMPLES)
    .action(add)
}

function listCommand(): Command {
  return new Command('list')
    .description('List the users.')
    .option('--json', 'print them as JSON')
    .addHelpText('after', LIST_EXAMPLES)
    .action(list)
}

async function add(name: string, { role, passwordStdin, json }: AddFlags): Promise<void> {
  assertUserName(name)
  const config = configuration()
  const password = passwordStdin === true ? await passwordFromInput() : undefined
  const grant = (document: string): string => addGrant(document, `user:${name}`, role)
  const store = await storeOf(config)
  try {
    const person = { name, ...(password === undefined ? {} : { password }) }
    // A role that does not exist is found out before there is a user.
    await updateAccessFile(config.access, (document) => (grant(document), document))
    const added = await addUser(accessTo(store, config), hashes(config), person, Date.now())
    // Printed before the grant: whatever comes of that, there is a user with this password now.
    if (json === true) printJson({ ...added, roles: role })
    else report(name, role, added.oneTimePassword)
    if (role.length > 0) await granted(config.access, grant, name)
  } finally {
    await store.close()
  }
}

async function granted(policy: string, grant: (document: string) => string, name: string): Promise<void> {
  await updateAccessFile(policy, grant).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `the user "${name}" was added, but not its roles: ${why}; grant them in ${policy}`
    throw new SallyportError('POLICY_INVALID', message, { cause })
  })
}

function report(name: string, roles: readonly string[], oneTimePassword: string | undefined): void {
  if (oneTimePassword !== undefined) return print(`one-time password: ${oneTimePassword}`)
  print(`user ${name} (${roles.length === 0 ? 'no role' : roles.join(', ')})`)
}

function resetCommand(): Command {
  return new Command('reset-password')
    .description('End the sessions of a user, and print a one-time password, good for an hour.')
    .argument('<name>', 'the user')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', RESET_EXAMPLES)
    .action(reset)
}

async function reset(name: string, { json }: { readonly json?: true }): Promise<void> {
  const config = configuration()
  const store = await storeOf(config)
  try {
    const { oneTimePassword } = await resetPassword(accessTo(store, config), hashes(config), name, Date.now())
    if (json === true) printJson({ name, oneTimePassword })
    else print(`one-time password: ${oneTimePassword}`)
  } finally {
    await store.close()
  }
}

async function list({ json }: { readonly json?: true }): Promise<void> {
  const config = configuration()
  const store = await storeOf(config)
  try {
    const { vault } = accessTo(store, config)
    const users = (await store.users.list()).map(({ name, disabled, credentials, createdAt }) => ({
      name,
      state: disabled ? 'disabled' : stateOf(vault.open(name, credentials)),
      createdAt: new Date(createdAt).toISOString(),
    }))
    if (json === true) return printJson(users)
    print(
      table(
        ['NAME', 'STATE', 'CREATED'],
        users.map(({ name, state, createdAt }) => [name, state, createdAt]),
      ),
    )
  } finally {
    await store.close()
  }
}

function stateOf(credentials: Credentials | undefined): string {
  if (credentials === undefined) return 'needs reset-password: sealed under another factor key'
  return credentials.oneTimeUntil === null ? 'active' : 'must set a password'
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
