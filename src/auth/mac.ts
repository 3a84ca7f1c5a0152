import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'

/** Secrets, newest first: the first signs, all of them verify. A key object costs a fifth of its bytes at every use. */
export type SealingKeys = readonly [KeyObject, ...KeyObject[]]

/** What a MAC is over: first what it is for, so that none can stand in for another, then what it vouches for. */
export type MacParts = readonly [purpose: string, ...(string | number | null | readonly string[])[]]

/** HMAC-SHA-256 (RFC 2104). As JSON no two lists of parts are the same text. */
export function macOf(parts: MacParts, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest()
}

/** Whether `given` is the MAC over these parts by one of `keys`. Constant time; fails closed on another length. */
export function isMacOf(given: Buffer, parts: MacParts, keys: SealingKeys): boolean {
  return keys.some((key) => {
    const expected = macOf(parts, key)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
