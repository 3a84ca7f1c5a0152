import type { CredentialVault } from './credential-vault.ts'
import { isOfBefore } from './is-of-before.ts'

/** Of so many users it is told, so that whoever writes to the store does not fill the log. */
const MOST_TOLD = 1_000

/**
 * The same vault, which says of every user whose credentials cannot be opened why, once: he cannot log in, and the
 * answer that he gets does not say so.
 *
 * @param tell takes a sentence for the operator
 */
export function tellingVault(vault: CredentialVault, tell: (sentence: string) => void): CredentialVault {
  const told = new Set<string>()
  return {
    ...vault,
    open(user, sealed) {
      const credentials = vault.open(user, sealed)
      if (credentials === undefined && told.size < MOST_TOLD && !told.has(user)) {
        told.add(user)
        tell(`the user "${user}" cannot log in: ${whyNot(sealed, vault.strangeKey(sealed))}`)
      }
      return credentials
    },
  }
}

function whyNot(sealed: string, strangeKey: string | undefined): string {
  if (isOfBefore({ credentials: sealed }))
    return 'an older version added him, and his password is to be reset'
  return strangeKey === undefined
    ? 'what is stored of him was not sealed for him as it stands'
    : `what is stored of him is sealed under the factor key ${strangeKey}, which is not configured here`
}
