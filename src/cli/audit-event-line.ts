import { stdout } from 'node:process'
import { styleText } from 'node:util'
import type { TrailFields } from '../audit/read-trail.ts'
import { visibleLine } from './visible.ts'

/** What is not shown: the chain, and what only machines read. */
const HIDDEN: ReadonlySet<string> = new Set(
  'v seq at event prev hash signature methods credential proofs trace others'.split(' '),
)
/** What has a place of its own. */
const PLACED: ReadonlySet<string> = new Set('principal action resource decision reason requestId'.split(' '))

const COLOURS = { allow: 'green', deny: 'red', ask: 'yellow' } as const

/**
 * An event on one line, for people: when, what, who, and everything else by its name. Whatever callers put in it stands
 * there in letters that can be seen, and on this line.
 */
export function eventLine(at: number, event: TrailFields): string {
  const others = Object.entries(event).filter(
    ([name, value]) =>
      !HIDDEN.has(name) &&
      !PLACED.has(name) &&
      // Of a decision the policy is one of many; where a policy was loaded, it is the news.
      !(name === 'policy' && event['decision'] !== undefined) &&
      isTelling(value),
  )
  const told = [
    ...['principal', 'action', 'resource', 'reason'].flatMap((name) => textOf(event[name])),
    ...others.map(([name, value]) => `${name}=${textOf(value).join('')}`),
    ...textOf(event['requestId']),
  ]
  return [new Date(at).toISOString(), headOf(event), ...told.map(visibleLine)].join('  ')
}

/** A decision says what it was; every other event its name. */
function headOf({ event, decision }: TrailFields): string {
  if (decision !== 'allow' && decision !== 'deny' && decision !== 'ask') return visibleLine(event)
  return styleText(COLOURS[decision], decision, { stream: stdout })
}

function isTelling(value: unknown): boolean {
  return value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
}

function textOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  return [typeof value === 'string' ? value : JSON.stringify(value)]
}
