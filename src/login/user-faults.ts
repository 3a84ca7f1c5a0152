import { SallyportError } from '../errors.ts'

/** Nobody is called so. */
export function noSuchUser(name: string): SallyportError {
  const shown = JSON.stringify(name.slice(0, 80))
  return new SallyportError('NOT_FOUND', `there is no user ${shown}: "npx sallyport user list" shows them`)
}

/** Others keep changing the same user; nothing was changed. */
export function userChangedMeanwhile(name: string): SallyportError {
  return new SallyportError('TOO_BUSY', `the user "${name}" was changed at the same moment: try again`)
}
