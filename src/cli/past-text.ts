import { join } from 'node:path'
import { explainedJson } from './explained-json.ts'
import { explanationLines, section, type Explained } from './explanation-text.ts'
import { proofLines } from './proof-lines.ts'
import type { RecordedDecision } from './recorded-decision.ts'
import type { Replayed } from './replay-decision.ts'
import { shortPath } from './short-path.ts'
import { visibleLine } from './visible.ts'

/** A decision on record, and what today's policy makes of it. */
export interface PastDecision {
  readonly recorded: RecordedDecision
  readonly replayed: Replayed
  readonly explained: Explained | undefined
  /** A sentence. */
  readonly today: string
}

/** What the answer was, by whom asked, in one line. */
export function pastHeadline(recorded: RecordedDecision): string {
  const { decision, reason, rule, confirmedBy, principal, action, name } = recorded
  const by = rule === null ? '' : ` by the rule "${rule}"`
  const confirmed = confirmedBy.length === 0 ? '' : `, confirmed by ${confirmedBy.join(' and ')}`
  const what = `${principal}, ${action} ${name}`
  if (decision === 'allow') return `WAS ALLOWED  ${what}${confirmed}`
  return `WAS ${decision === 'deny' ? 'DENIED' : 'ASKED'}  ${what}: ${reason ?? 'without a reason'}${by}`
}

/**
 * A decision of the past for people: what is on record, what became of it, and what would be answered now.
 *
 * @param later what became of it: lines
 * @param directory of the audit trail
 */
export function pastLines(
  { recorded, explained, today }: PastDecision,
  later: readonly string[],
  directory: string,
): readonly string[] {
  const { requestId, trace, action, name, policy, shadow, file, line, at } = recorded
  const told = [
    pastHeadline(recorded),
    '',
    ...section('on record', [`${shortPath(join(directory, file))}:${line}`]),
    ...section('request', [requestId, ...(trace === null ? [] : [`trace ${trace}`])]),
    ...section('at', [new Date(at).toISOString()]),
    ...section('caller', callerLines(recorded)),
    ...section('asked', [`${action} ${name}`, argumentsLine(recorded)]),
    ...section('policy', [policy]),
    ...section(
      'in shadow',
      shadow.map((rule) => `${rule} would have changed the answer`),
    ),
    ...section('then', later),
    '',
    ...section('today', [today]),
  ].map(visibleLine)
  if (explained === undefined) return told
  return [...told, '', ...explanationLines(explained).map((text) => (text === '' ? '' : `  ${text}`))]
}

function callerLines({ at, proofs, principal, credential, via }: RecordedDecision): readonly string[] {
  return [
    ...(proofs === null ? [principal] : proofLines({ proofs, assumed: new Set() }, null, at)),
    `credential ${credential}`,
    ...(via === null ? [] : [`through the proxy ${via}`]),
  ]
}

function argumentsLine({ arguments: recorded }: RecordedDecision): string {
  if (recorded === null) return 'no arguments on record'
  if ('values' in recorded) return `arguments ${JSON.stringify(recorded.values)}`
  if ('names' in recorded)
    return `arguments ${recorded.names.join(', ')}; their values are recorded as digest`
  return 'arguments are recorded as digest'
}

/** The same for scripts. */
export function pastJson({ recorded, explained, today, replayed }: PastDecision): object {
  return {
    recorded: { ...recorded, at: new Date(recorded.at).toISOString() },
    today,
    replayed: replayed.kind,
    explained: explained === undefined ? null : explainedJson(explained),
  }
}
