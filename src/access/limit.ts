import { createHash } from 'node:crypto'
import type { LimitEntry } from './document-schema.ts'
import { parseRate } from './duration.ts'
import { thingsOf, type Things } from './things.ts'

/** How often each of some principals may call, over all that matches together. */
export interface Limit extends Things {
  /** As in `role:reader`, `service:*` or `group:sre`; null for everybody. */
  readonly subject: string | null
  readonly points: number
  readonly seconds: number
}

/** A limit of the file. */
export function limitOf(entry: LimitEntry): Limit {
  const { role, principal, group, rate } = entry
  const subject =
    principal ??
    (role === undefined ? undefined : `role:${role}`) ??
    (group === undefined ? null : `group:${group}`)
  return Object.freeze({ subject, ...thingsOf(entry), ...parseRate(rate) })
}

/** The name of its counters: the same for limits that say the same, in whatever order and whichever file. */
export function limitCounter({ subject, tools, prompts, resources, points, seconds }: Limit): string {
  const patterns = [tools, prompts, resources].map((list) => [...new Set(list)].toSorted())
  const text = JSON.stringify([subject, patterns, points, seconds])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
