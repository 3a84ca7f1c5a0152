import type { Definition, Listing, Quarantined } from './definition.ts'
import { definitionKey } from './definition-key.ts'
import type { Names } from './names.ts'
import { quarantined } from './quarantined.ts'

/** What of an upstream is served, and what is kept from everybody. */
export interface Judged {
  /** Objects of the pins themselves, never what was listed. */
  readonly served: readonly Definition[]
  readonly quarantined: readonly Quarantined[]
}

/**
 * Decides what of an upstream is served. Only what is pinned can be: what is listed takes away, and never adds. Without
 * a listing (not asked yet, down, or not able to say) the pins stand; what the operator does not want is neither served
 * nor kept from anybody: it does not exist.
 *
 * Fails closed: new, changed and unnameable definitions are quarantined, and what is pinned but not listed is not served.
 *
 * @param pinned `undefined` for an upstream that was never pinned: everything is new
 */
export function judge(
  pinned: readonly Definition[] | undefined,
  listing: Listing | undefined,
  names: Pick<Names, 'of'>,
): Judged {
  const pins = new Map((pinned ?? []).map((pin) => [definitionKey(pin), pin]))
  const isListed = listing?.kind === 'listed'
  const judged = [...(isListed ? listing.definitions : pins.values())].map((listed) =>
    verdict(listed, pins.get(definitionKey(listed)), names),
  )
  return {
    served: judged.flatMap((one) => (one !== undefined && 'value' in one ? [one] : [])),
    quarantined: [
      ...judged.flatMap((one) => (one !== undefined && 'reason' in one ? [one] : [])),
      ...(isListed ? listing.quarantined.filter((one) => isWanted(one, names)) : []),
    ],
  }
}

/** What of a listing the operator wants here, and so is to be pinned; bad names among it, so that they are not forgotten. */
export function isWanted(
  { kind, name }: Pick<Definition, 'kind' | 'name'>,
  names: Pick<Names, 'of'>,
): boolean {
  return kind === 'instructions' || names.of(kind, name).kind !== 'unwanted'
}

/** The pin that is served, or why there is none; `undefined` for what is not wanted. */
function verdict(
  listed: Definition,
  pin: Definition | undefined,
  names: Pick<Names, 'of'>,
): Definition | Quarantined | undefined {
  if (!isWanted(listed, names)) return undefined
  const { kind, name } = listed
  if (kind !== 'instructions' && names.of(kind, name).kind === 'bad_name')
    return quarantined(listed, 'bad_name')
  if (pin === undefined) return quarantined(listed, 'new')
  return pin.hash === listed.hash ? pin : quarantined(listed, 'changed')
}
