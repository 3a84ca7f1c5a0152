import type { CredentialVault } from '../login/credential-vault.ts'
import { isOfBefore } from '../login/is-of-before.ts'
import type { User } from '../login/user.ts'
import { findingsOf, type Finding } from './doctor-finding.ts'
import { visible } from './visible.ts'

/** So many names are said. */
const NAMED = 5

const { ok, warning, problem } = findingsOf('store')

/** Whether everybody can log in under our keys, and who still needs a former one. */
export function usersFindings(users: readonly User[], vault: CredentialVault): readonly Finding[] {
  if (users.length === 0) return [warning('there are no users', '"npx sallyport user add NAME" makes one')]
  const shut = users.filter(({ name, credentials }) => vault.open(name, credentials) === undefined)
  if (shut.length === 0) return [ok(allSealed(users, vault))]
  const [before, strange] = [shut.filter(isOfBefore), shut.filter((user) => !isOfBefore(user))]
  const some = (those: readonly User[]): string => `${those.length} of ${users.length} user(s) cannot log in`
  return [
    ...(before.length === 0
      ? []
      : [problem(`${some(before)}, since an older version added them: ${named(before)}`, RESET)]),
    ...(strange.length === 0
      ? []
      : [
          problem(
            `${some(strange)}, since they are sealed under another factor key: ${named(strange)}`,
            OTHER_KEY,
          ),
        ]),
  ]
}

const RESET = '"npx sallyport user reset-password NAME" for each of them'
const OTHER_KEY = `set SALLYPORT_FACTOR_KEY to what it is on the other servers, or put a former key behind the new one; if it is lost: ${RESET}`

function allSealed(users: readonly User[], vault: CredentialVault): string {
  const former = users.filter(({ credentials }) => !vault.isCurrent(credentials))
  const all = `${users.length} user(s), all sealed under a factor key that is here`
  if (former.length === 0) return all
  return `${all}; under a former one, until they log in again: ${named(former)}`
}

function named(users: readonly User[]): string {
  const names = users.slice(0, NAMED).map(({ name }) => visible(name))
  const more = users.length > NAMED ? `, and ${users.length - NAMED} more` : ''
  return `${names.join(', ')}${more}`
}
