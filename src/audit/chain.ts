import { createHash } from 'node:crypto'
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

/** The end of a chain that holds, or the first line (counted from 1) where it does not, and why. */
export type ChainVerdict =
  | { readonly ok: true; readonly end: ChainEnd }
  | { readonly ok: false; readonly line: number; readonly problem: string }

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
const RESERVED = new Set(['v', 'seq', 'at', 'event', 'prev', 'hash'])
const HASHED_LINE = /^(\{.*),"hash":"(sha256:[0-9a-f]{64})"\}$/

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
  const hash = hashOf(body)
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, end: { seq, hash } }
}

/**
 * Checks that lines follow each other unchanged: nothing altered, added, removed or moved. Lines that were cut off at
 * the very end leave no trace in what is left: compare the end with what is known of it.
 *
 * Fails closed: a line that is not exactly what {@link chainLine} makes ends the chain.
 *
 * @param lines without line breaks
 * @param after where the chain stood before; null when that is not known, and then the first line is believed
 */
export function verifyChain(lines: Iterable<string>, after: ChainEnd | null = CHAIN_START): ChainVerdict {
  let end = after
  let number = 0
  for (const line of lines) {
    number++
    const next = linkOf(line)
    if (next === undefined)
      return { ok: false, line: number, problem: 'the line was changed or is incomplete' }
    if (end !== null && (next.seq !== end.seq + 1 || next.prev !== end.hash))
      return {
        ok: false,
        line: number,
        problem: `line ${end.seq + 1} of the chain was expected, found ${next.seq}`,
      }
    end = next
  }
  return { ok: true, end: { seq: end?.seq ?? 0, hash: end?.hash ?? null } }
}

function inOrder(event: AuditEvent): Record<string, unknown> {
  const fields = new Map<string, unknown>(Object.entries(event))
  const named = ORDER.filter((key) => fields.has(key))
  const others = [...fields.keys()].filter((key) => !ORDER.includes(key) && !RESERVED.has(key))
  return Object.fromEntries([...named, ...others].map((key) => [key, fields.get(key)]))
}

/** What a line says of its place in the chain; `undefined` if its hash is not that of its text. */
function linkOf(line: string): { seq: number; prev: string | null; hash: string } | undefined {
  const [, start = '', hash = ''] = HASHED_LINE.exec(line) ?? []
  const body = `${start}}`
  if (start === '' || hashOf(body) !== hash) return undefined
  const fields = parsed(body)
  const seq = fields?.['seq']
  const prev = fields?.['prev']
  if (fields?.['v'] !== 1 || typeof seq !== 'number') return undefined
  return prev === null || typeof prev === 'string' ? { seq, prev, hash } : undefined
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function hashOf(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}
