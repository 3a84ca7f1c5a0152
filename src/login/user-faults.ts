import { OWN_NAME } from '../auth/principal.ts'
import { SallyportError } from '../errors.ts'

/** Nobody is called so. */
export function noSuchUser(name: string): SallyportError {
  const shown = JSON.stringify(name.slice(0, 80))
  return new SallyportError('NOT_FOUND', `there is no user ${shown}: "npx sallyport user list" shows them`)
}

/** Nobody who could be disabled is called so; a person who never logs in may be. */
export function noAccountToDisable(name: string): SallyportError {
  const missing = noSuchUser(name)
  if (!OWN_NAME.test(name)) return missing
  return new SallyportError(
    'NOT_FOUND',
    `${missing.message}. The certificates of a person without a login account end with "npx sallyport cert revoke --principal user:${name}"`,
  )
}

/** Others keep changing the same user; nothing was changed. */
export function userChangedMeanwhile(name: string): SallyportError {
  return new SallyportError('TOO_BUSY', `the user "${name}" was changed at the same moment: try again`)
}
