import type { RelayLink } from './relay-link.ts'
import type { RelayedCall } from './relay-state.ts'
import { oneLineOf } from './relay-text.ts'
import type { Members } from './upstream-uri.ts'

/** What the scanner leaves of it; `undefined` where it refuses. What it found is told, never the thing itself. */
export function passedOn(
  { scanner, told, options }: RelayLink,
  value: Members,
  { method, name }: RelayedCall,
): Members | undefined {
  const scanned = scanner?.(value)
  if (scanned === undefined || scanned.kind === 'pass') return value
  const found = scanned.findings.map(({ what, count }) => `${count} x ${what}`).join(', ')
  const done = scanned.kind === 'refused' ? 'withheld' : 'cut out'
  const line = `the answer to ${method} ${oneLineOf(name, 128)} held ${found}: ${done}`
  told({ kind: 'line', upstream: options.name, line })
  return scanned.kind === 'changed' ? scanned.result : undefined
}

/** The same of one of many, such as an entry of a list: nothing is told of it, since lists are asked for all the time. */
export function quietlyPassedOn(
  { scanner }: Pick<RelayLink, 'scanner'>,
  value: Members,
): Members | undefined {
  const scanned = scanner?.(value)
  if (scanned === undefined || scanned.kind === 'pass') return value
  return scanned.kind === 'changed' ? scanned.result : undefined
}
