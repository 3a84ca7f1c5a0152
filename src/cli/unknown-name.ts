import { nearest, nearestFirst } from '../nearest.ts'
import type { Lookup } from './access-request.ts'
import { visible } from './visible.ts'

/** Why a name that is not there is denied, and which one was meant. */
export function unknownName({ what, names }: Extract<Lookup, { kind: 'unknown' }>, name: string): string {
  const shown = visible(name)
  const said = `there is no ${what} "${shown}" here: whoever asks for it is told so`
  const near = nearest(name, names)
  if (near !== undefined) return `${said}; did you mean "${near}"?`
  if (shown !== name) return `${said}; mind the characters in it that cannot be seen`
  return names.length === 0
    ? `${said}; there is none at all`
    : `${said}; there are ${listed(nearestFirst(name, names))}`
}

const MOST_NAMES = 20

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
