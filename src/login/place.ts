import { isConfirmationId } from './confirmation-id.ts'
import type { RedirectTarget } from './reply.ts'

/** What somebody proves again for who he is: a name of ours, never an address. */
export type Place = FixedPlace | `confirm.${string}`

type FixedPlace = 'account' | 'enrol' | 'recovery-codes'

interface Pages {
  /** Where it is proved, */
  readonly proof: RedirectTarget
  /** and where to come back to. */
  readonly back: RedirectTarget
}

const PLACES: Readonly<Record<FixedPlace, Pages>> = {
  account: { proof: '/reauthenticate?account', back: '/account' },
  enrol: { proof: '/reauthenticate?enrol', back: '/enrol' },
  'recovery-codes': { proof: '/reauthenticate?recovery-codes', back: '/recovery-codes' },
}

/** The place that a name is of; the account for a name of none. */
export function placeNamed(name: string): Place {
  if (isFixed(name)) return name
  const [, id = ''] = CONFIRMATION.exec(name) ?? []
  return isConfirmationId(id) ? `confirm.${id}` : 'account'
}

/** The page for a fresh authentication that leads on to a place. */
export function reauthenticationFor(place: Place): RedirectTarget {
  return pagesOf(place).proof
}

/** The page of a place. */
export function backTo(place: Place): RedirectTarget {
  return pagesOf(place).back
}

/** A call that waits, by its id. */
const CONFIRMATION = /^confirm\.(.+)$/

function pagesOf(place: Place): Pages {
  if (isFixed(place)) return PLACES[place]
  return { proof: `/reauthenticate?${place}`, back: `/confirm/${place.slice('confirm.'.length)}` }
}

function isFixed(name: string): name is FixedPlace {
  return Object.hasOwn(PLACES, name)
}
