import { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { isSallyportError } from '../errors.ts'
import type { Credentials } from '../login/credentials.ts'
import type { CredentialVault } from '../login/credential-vault.ts'
import { isOfBefore } from '../login/is-of-before.ts'
import type { User } from '../login/user.ts'
import type { Store } from '../store/store.ts'
import { configuration } from './configuration.ts'
import { print, printJson, table } from './print.ts'
import { storeOf } from './store-of.ts'
import { accessTo } from './user-access.ts'
import { visible } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport user list
  npx sallyport user list --json`

/** `sallyport user list`: who there is, in which state, with which second factors. */
export function userListCommand(): Command {
  return new Command('list')
    .description('List the users.')
    .option('--json', 'print them as JSON')
    .addHelpText('after', EXAMPLES)
    .action(list)
}

interface Row {
  readonly name: string
  readonly state: string
  /** Null where it is not known. */
  readonly secondFactors: SecondFactors | null
  readonly createdAt: string
}

interface SecondFactors {
  readonly totp: boolean
  readonly passkeys: number
  readonly recoveryCodes: number
}

async function list({ json }: { readonly json?: true }): Promise<void> {
  const config = configuration()
  const store = await storeOf(config)
  try {
    const vault = vaultOf(store, config)
    const rows = (await store.users.list()).map((user) => rowOf(user, vault, Date.now()))
    if (json === true) return printJson(rows)
    print(
      table(
        ['NAME', 'STATE', 'SECOND FACTORS', 'CREATED'],
        rows.map(({ name, state, secondFactors, createdAt }) => [
          visible(name),
          state,
          factorWords(secondFactors),
          createdAt,
        ]),
      ),
    )
  } finally {
    await store.close()
  }
}

/** Who is disabled can be listed without the factor key. */
function vaultOf(store: Store, config: Config): CredentialVault | undefined {
  try {
    return accessTo(store, config).vault
  } catch (error) {
    if (isSallyportError(error, 'CONFIGURATION_INVALID')) return undefined
    throw error
  }
}

function rowOf(user: User, vault: CredentialVault | undefined, now: number): Row {
  const { name, disabled, credentials: sealed, createdAt } = user
  const credentials = vault?.open(name, sealed)
  return {
    name,
    state: disabled ? 'disabled' : isOfBefore(user) ? OF_BEFORE : stateOf(credentials, now),
    secondFactors: credentials === undefined ? null : factorsIn(credentials),
    createdAt: new Date(createdAt).toISOString(),
  }
}

const OF_BEFORE = 'cannot log in: added by an older version, to be reset with "user reset-password"'

function stateOf(credentials: Credentials | undefined, now: number): string {
  if (credentials === undefined) return 'cannot log in: sealed under a factor key that is not here'
  const { oneTimeUntil } = credentials
  if (oneTimeUntil === null) return 'active'
  return now < oneTimeUntil ? 'must set a password' : 'one-time password is too old'
}

function factorsIn({ totp, passkeys, recoveryCodes }: Credentials): SecondFactors {
  return { totp: totp !== null, passkeys: passkeys.length, recoveryCodes: recoveryCodes.length }
}

function factorWords(factors: SecondFactors | null): string {
  if (factors === null) return 'unknown'
  const { totp, passkeys, recoveryCodes } = factors
  const words = [
    ...(totp ? ['TOTP'] : []),
    ...counted(passkeys, 'passkey'),
    ...counted(recoveryCodes, 'recovery code'),
  ]
  return words.length === 0 ? 'none' : words.join(', ')
}

function counted(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`]
}
