import { hash } from 'node:crypto'
import type { ChainEnd } from './chain.ts'

/** One line of a chain as it was read: its place, and everything in it. */
export interface Link {
  readonly seq: number
  readonly prev: string | null
  readonly hash: string
  /** Ms since the epoch. */
  readonly at: number
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

const COMMA = 0x2c
const BRACE = 0x7d
/** `,"hash":"sha256:` before, `"}` after the 64 digits. */
const HASH_END = /^,"hash":"(sha256:[0-9a-f]{64})"\}$/
const HASH_LENGTH = 82

/**
 * Reads a line as `chainLine` makes it; `undefined` for anything else. Looks at the bytes, so that two of them that
 * decode to the same text are not the same line.
 *
 * @param line without its line break
 */
export function readLink(line: Buffer): Link | undefined {
  const end = line.length - HASH_LENGTH
  if (end < 1 || line[end] !== COMMA) return undefined
  const [, named] = HASH_END.exec(line.toString('latin1', end)) ?? []
  if (named === undefined) return undefined
  const body = Buffer.from(line.subarray(0, end + 1))
  body[end] = BRACE
  return `sha256:${hash('sha256', body)}` === named ? linkOf(body.toString(), named) : undefined
}

/** How a line does not stand behind `end`, in words; `undefined` if it does. */
export function misplaced({ seq, prev }: Link, end: ChainEnd): string | undefined {
  const wanted = end.seq + 1
  if (seq > wanted)
    return `line ${wanted} of the chain was expected, found ${seq}: lines were removed before it`
  if (seq < wanted)
    return `line ${wanted} of the chain was expected, found ${seq}: it is repeated, moved or inserted`
  if (prev === end.hash) return undefined
  return 'it does not follow the line before it: one of the two was rewritten, or is of another chain'
}

function linkOf(body: string, named: string): Link | undefined {
  const fields = objectIn(body)
  const { v, seq, prev, event } = fields ?? {}
  const at = Date.parse(String(fields?.['at']))
  if (fields === undefined || v !== 1 || typeof seq !== 'number' || Number.isNaN(at)) return undefined
  if (typeof event !== 'string' || (prev !== null && typeof prev !== 'string')) return undefined
  return { seq, prev, hash: named, at, event, fields }
}

/** The object that a text is the JSON of; `undefined` for all else. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
