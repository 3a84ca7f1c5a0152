import { openText, sealText, type SealedPlace } from '../auth/sealed-text.ts'
import type { FactorKey, FactorKeys } from './factor-keys.ts'

/** Seals with the newest of several keys, and opens what any of them sealed: each text says by which. */
export interface KeyRing {
  /** Seals with the newest key; good for this place alone. */
  seal(place: SealedPlace, text: string): string
  /** Fails closed: `undefined` for what was not sealed for this place by one of the keys. */
  open(place: SealedPlace, sealed: string): string | undefined
  /** Whether it names one of the keys. */
  isOurs(sealed: string): boolean
  /** Whether it was sealed by the newest key. */
  isCurrent(sealed: string): boolean
  /** The id of the key that it names, if that is none of ours; `undefined` for one of ours, and for what names none. */
  strangeKey(sealed: string): string | undefined
}

/** `v1`, the id of the key, and what it sealed. */
const SEALED = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_.-]{33,65553})$/

/** @param keys newest first, all for one purpose */
export function keyRing(keys: FactorKeys): KeyRing {
  const [newest] = keys
  const keyOf = (id: string | undefined): FactorKey | undefined => keys.find((one) => one.id === id)
  return {
    seal: (place, text) => `v1.${newest.id}.${sealText(text, place, newest.key)}`,
    open(place, sealed) {
      const [, id, text = ''] = SEALED.exec(sealed) ?? []
      const known = keyOf(id)
      return known && openText(text, place, known.key)
    },
    isOurs: (sealed) => keyOf(SEALED.exec(sealed)?.[1]) !== undefined,
    isCurrent: (sealed) => sealed.startsWith(`v1.${newest.id}.`),
    strangeKey(sealed) {
      const [, id] = SEALED.exec(sealed) ?? []
      return keyOf(id) === undefined ? id : undefined
    },
  }
}
