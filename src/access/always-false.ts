import { UNKNOWN } from './decision.ts'
import type { Condition, Facts } from './condition.ts'
import { openEntry } from './open-entry.ts'
import type { SurfaceEntry } from './surface.ts'

/** What a condition may look at that is not made up below. */
const LOOKS_AT = /\b(?:principal|auth|tool|now)\b/

/** A condition that looks at nobody comes to the same for everybody. */
const ANYBODY: Facts['proofs'] = {
  principal: { kind: 'user', name: 'anybody', id: 'user:anybody' },
  methods: ['session'],
  authenticatedAt: 0,
  ceilings: [],
}

/** Whether a condition is false whatever is asked by whom; only what can be told from the condition alone. */
export function isAlwaysFalse(condition: Condition, entry?: SurfaceEntry): boolean {
  if (LOOKS_AT.test(withoutTexts(condition.source))) return false
  const asked: Facts['asked'] = {
    action: 'tools/call',
    resource: undefined,
    entry: entry ?? openEntry('tool', ''),
    args: UNKNOWN,
  }
  return condition.evaluate({ proofs: ANYBODY, roles: [], attributes: {}, asked, now: 0 }) === 'false'
}

function withoutTexts(source: string): string {
  return source.replaceAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '""')
}
