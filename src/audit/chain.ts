import { hash } from 'node:crypto'
import type { AuditEvent } from './event.ts'
import { jsonLine } from './line.ts'

/** Where a chain of lines ends: the next line gets `seq + 1` and names `hash` as its `prev`. */
export interface ChainEnd {
  readonly seq: number
  /** `sha256:` digest of the last line; null before the first. */
  readonly hash: string | null
}

/** A chain without a line. */
export const CHAIN_START: ChainEnd = Object.freeze({ seq: 0, hash: null })

/** Those that come first, in this order; they and those of the chain itself do not stand among the others. */
const ORDER = [
  'requestId',
  'principal',
  'methods',
  'credential',
  'action',
  'resource',
  'decision',
  'reason',
  'rule',
  'policy',
]
const PLACED: ReadonlySet<string> = new Set([...ORDER, 'v', 'seq', 'at', 'event', 'prev', 'hash'])

/**
 * Makes the next line of a chain, without its line break. Its last key, `hash`, is the SHA-256 of the line without it.
 *
 * @param at ms since the epoch
 */
export function chainLine(event: AuditEvent, at: number, after: ChainEnd): { line: string; end: ChainEnd } {
  const seq = after.seq + 1
  const time = new Date(at).toISOString()
  const body = jsonLine({
    v: 1,
    seq,
    at: time,
    event: event.event,
    ...inOrder(event),
    prev: after.hash,
  })
  const digest = hashOf(body)
  return { line: `${body.slice(0, -1)},"hash":"${digest}"}`, end: { seq, hash: digest } }
}

function inOrder(event: AuditEvent): Record<string, unknown> {
  const fields: Readonly<Record<string, unknown>> = { ...event }
  const ordered: Record<string, unknown> = {}
  for (const key of ORDER) if (Object.hasOwn(fields, key)) ordered[key] = fields[key]
  for (const key of Object.keys(fields)) if (!PLACED.has(key)) ordered[key] = fields[key]
  return ordered
}

function hashOf(body: string): string {
  return `sha256:${hash('sha256', body)}`
}
