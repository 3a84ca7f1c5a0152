import type { RedirectTarget } from './reply.ts'

/** What somebody proves again for who he is: a name of ours, never an address. */
export type Place = 'account' | 'enrol' | 'recovery-codes'

interface Pages {
  /** Where it is proved, */
  readonly proof: RedirectTarget
  /** and where to come back to. */
  readonly back: RedirectTarget
}

const PLACES: Readonly<Record<Place, Pages>> = {
  account: { proof: '/reauthenticate?account', back: '/account' },
  enrol: { proof: '/reauthenticate?enrol', back: '/enrol' },
  'recovery-codes': { proof: '/reauthenticate?recovery-codes', back: '/recovery-codes' },
}

/** The place that a name is of; the account for a name of none. */
export function placeNamed(name: string): Place {
  return isPlace(name) ? name : 'account'
}

/** The page for a fresh authentication that leads on to a place. */
export function reauthenticationFor(place: Place): RedirectTarget {
  return PLACES[place].proof
}

/** The page of a place. */
export function backTo(place: Place): RedirectTarget {
  return PLACES[place].back
}

function isPlace(name: string): name is Place {
  return Object.hasOwn(PLACES, name)
}
