import { isRecord } from '../record.ts'
import type { ResultRules } from './options.ts'
import { redactSecrets } from './scan-secrets.ts'
import type { Members } from './upstream-uri.ts'
import { hasHiddenText, stripHidden } from './visible-text.ts'

/** What was found, and how often; never the thing itself. */
export interface Finding {
  readonly what: string
  readonly count: number
}

/** What becomes of a result. */
export type Scanned =
  | { readonly kind: 'pass' }
  | { readonly kind: 'changed'; readonly result: Members; readonly findings: readonly Finding[] }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }

/**
 * Looks at what an upstream returned before its caller gets it. A pure function: the same result, the same answer.
 * It takes parsed JSON of bounded size and depth, and does not change it.
 */
export type ResultScanner = (result: Members) => Scanned

/** Deeper than this nothing is passed on. */
const DEEPEST = 64

/** Makes the scanner of these rules; `undefined` where they pass everything, so that nothing is looked at in vain. */
export function resultScanner({ secrets, hiddenText }: ResultRules): ResultScanner | undefined {
  if (secrets === 'pass' && hiddenText === 'pass') return undefined
  return (result) => {
    const counts = new Map<string, number>()
    const found = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
    const cleaned = (text: string): string => {
      let left = text
      if (hiddenText !== 'pass' && hasHiddenText(left)) {
        found('hidden text')
        left = stripHidden(left)
      }
      if (secrets === 'pass') return left
      // What is hidden could stand in the middle of a secret.
      const { found: kinds, text: redacted } = redactSecrets(stripHidden(left))
      for (const kind of kinds) found(kind)
      return kinds.length === 0 ? left : redacted
    }
    const walked = walk(result, cleaned, DEEPEST)
    const findings = [...counts].map(([what, count]) => ({ what, count }))
    if (!walked.isWhole)
      return { kind: 'refused', findings: [...findings, { what: 'clashing names', count: 1 }] }
    if (findings.length === 0) return { kind: 'pass' }
    const isRefused = findings.some(
      ({ what }) => (what === 'hidden text' ? hiddenText : secrets) === 'refuse',
    )
    return isRefused || !isRecord(walked.value)
      ? { kind: 'refused', findings }
      : { kind: 'changed', result: walked.value, findings }
  }
}

/** A cleaned copy; not whole where that cannot be made: too deep, or two members have one name when cleaned. */
interface Walked {
  readonly value: unknown
  readonly isWhole: boolean
}

function walk(value: unknown, cleaned: (text: string) => string, deepest: number): Walked {
  if (typeof value === 'string') return { value: cleaned(value), isWhole: true }
  if (typeof value !== 'object' || value === null) return { value, isWhole: true }
  if (deepest === 0) return { value: undefined, isWhole: false }
  if (Array.isArray(value)) {
    const items = value.map((item) => walk(item, cleaned, deepest - 1))
    return { value: items.map((item) => item.value), isWhole: items.every(({ isWhole }) => isWhole) }
  }
  const blob = isRecord(value) ? blobOf(value) : undefined
  const entries = Object.entries(value).map(([key, member]: [string, unknown]): [string, Walked] => [
    cleaned(key),
    key === blob ? { value: member, isWhole: true } : walk(member, cleaned, deepest - 1),
  ])
  const names = new Set(entries.map(([key]) => key))
  return {
    value: Object.fromEntries(entries.map(([key, member]) => [key, member.value])),
    isWhole: names.size === entries.length && entries.every(([, { isWhole }]) => isWhole),
  }
}

/** Base64 holds no text, and may be large. What only claims to be base64 is looked at as any text. */
function blobOf(object: Members): string | undefined {
  const { type } = object
  const name =
    type === 'image' || type === 'audio' ? 'data' : typeof object['uri'] === 'string' ? 'blob' : undefined
  const blob = name === undefined ? undefined : object[name]
  return typeof blob === 'string' && !NOT_BASE64.test(blob) ? name : undefined
}

const NOT_BASE64 = /[^A-Za-z0-9+/=]/
