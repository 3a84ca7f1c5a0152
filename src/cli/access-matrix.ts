import { UNKNOWN, type AccessRequest, type Decision } from '../access/decision.ts'
import type { Explanation } from '../access/explanation.ts'
import type { SurfaceEntry } from '../access/surface.ts'
import type { AccessAtHand } from './access-at-hand.ts'
import { decidingRule } from './access-verdict.ts'
import { reportSubjects, type ReportSubject } from './report-subjects.ts'
import { contextOf, supposedCaller, type Supposition } from './supposed-caller.ts'

/** What somebody may do with something: always, never, by what else there is, or after something more. */
export type Answer = 'yes' | 'no' | 'depends' | 'second factor' | 'certificate' | 'approval'

/** One answer of the matrix. */
export interface Cell {
  readonly answer: Answer
  readonly rule: string | null
  /** A sentence. */
  readonly because: string
}

/** Who may do what. */
export interface Matrix {
  /** The file of the policy, and its digest. */
  readonly policy: { readonly file: string; readonly digest: string }
  /** Ms since the epoch. */
  readonly at: number
  readonly subjects: readonly ReportSubject[]
  readonly things: readonly SurfaceEntry[]
  /** One row for each thing, in it one cell for each subject. */
  readonly cells: readonly (readonly Cell[])[]
}

const CALLS = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read' } as const
const HOUR = 3_600_000
const HOURS_OF_A_WEEK = 168
/** Of documentation (RFC 5737): an address that no rule means. */
const ANY_ADDRESS = '203.0.113.7'

/**
 * Asks the policy about everybody it names and everything there is, with arguments unknown. Where a condition speaks of
 * time, every hour of the week to come is tried; where it speaks of addresses, those that it names; of people, with and
 * without a second factor.
 *
 * @param now ms since the epoch
 */
export function accessMatrix(access: AccessAtHand, now: number): Matrix {
  const subjects = reportSubjects(access.document)
  const things = access.surface
  return {
    policy: { file: access.file, digest: access.policy.digest },
    at: now,
    subjects,
    things,
    cells: things.map((thing) => subjects.map((subject) => cellOf(access, subject, thing, now))),
  }
}

function cellOf(access: AccessAtHand, subject: ReportSubject, thing: SurfaceEntry, now: number): Cell {
  const usual = subject.principals.map((principal) => ({
    principal,
    supposition: subject.supposition,
    at: now,
  }))
  const [first = NOBODY, ...others] = usual.map((one) => explained(access, one, thing))
  const conditions = [first, ...others].flatMap(({ rules, grants }) =>
    [...rules, ...grants].flatMap(({ when }) => when?.source ?? []),
  )
  const decisions = [
    ...[first, ...others].map(({ decision }) => decision),
    ...usual.flatMap((one) => variations(one, conditions)).map((one) => decided(access, one, thing)),
  ]
  const answers = new Set(decisions.map(answerOf))
  const answer = [...answers].reduce(merged)
  const { because } = first
  if (answer === answerOf(first.decision)) return { answer, rule: decidingRule(first.decision), because }
  const other = decisions.find((one) => answerOf(one) !== answerOf(first.decision))
  return {
    answer,
    rule: other === undefined ? null : decidingRule(other),
    because: mixed(answer, because, conditions),
  }
}

const NOBODY: Pick<Explanation, 'decision' | 'because' | 'rules' | 'grants'> = {
  decision: { kind: 'deny', reason: 'no_permission', rule: null, shadow: [] },
  because: 'nobody is meant',
  rules: [],
  grants: [],
}

interface Trial {
  readonly principal: ReportSubject['principals'][number]
  readonly supposition: Supposition
  readonly at: number
}

/** The same caller with less proved, from elsewhere, at another time: as far as a condition speaks of that. */
function variations({ principal, supposition, at }: Trial, conditions: readonly string[]): readonly Trial[] {
  const source = conditions.join('\n')
  const addresses = /\baddress\b/.test(source) ? [ANY_ADDRESS, ...addressesIn(source)] : []
  const times = /\bnow\b/.test(source)
    ? Array.from({ length: HOURS_OF_A_WEEK }, (_, hour) => at + hour * HOUR)
    : [at]
  const levels: readonly Supposition[] = [
    ...(principal.kind === 'user' ? [{ mfaAge: null }] : []),
    ...(/\bauth\s*\.\s*(?:age|mfaAge)\b/.test(source) ? [{ age: 30 * 24 * HOUR }] : []),
    {},
  ]
  return levels.flatMap((level) =>
    [undefined, ...addresses].flatMap((address) =>
      times.map((time) => ({ principal, supposition: { ...supposition, ...level, address }, at: time })),
    ),
  )
}

/** What looks like an address or a network in a condition. */
function addressesIn(source: string): readonly string[] {
  return [...source.matchAll(/["']([0-9a-f.:]*[.:][0-9a-f.:]*)(?:\/\d+)?["']/gi)].map(
    ([, address = '']) => address,
  )
}

function requestOf({ kind, name, permission }: SurfaceEntry): AccessRequest {
  const common = { action: CALLS[kind], kind, resource: name, entry: name, permission }
  return kind === 'resource' ? { ...common, isFamily: true } : common
}

function decided(
  { policy, authority }: AccessAtHand,
  { principal, supposition, at }: Trial,
  thing: SurfaceEntry,
): Decision {
  const { proofs } = supposedCaller(principal, supposition, authority, at)
  return policy.decide(contextOf(proofs, policy, at), requestOf(thing), UNKNOWN, at)
}

function explained(
  { policy, authority }: AccessAtHand,
  { principal, supposition, at }: Trial,
  thing: SurfaceEntry,
): Explanation {
  const { proofs } = supposedCaller(principal, supposition, authority, at)
  return policy.explain(contextOf(proofs, policy, at), requestOf(thing), UNKNOWN, at)
}

function answerOf(decision: Decision): Answer {
  switch (decision.kind) {
    case 'allow':
      return 'yes'
    case 'deny':
      return decision.reason === 'second_factor_required' ? 'second factor' : 'no'
    case 'depends':
      return 'depends'
    case 'needs': {
      const kinds = new Set(decision.needs.map(({ kind }) => kind))
      if (kinds.has('approval')) return 'approval'
      return kinds.has('certificate') ? 'certificate' : 'second factor'
    }
  }
}

/** What two answers under different circumstances come to: who may with a second factor needs one. */
function merged(one: Answer, other: Answer): Answer {
  if (one === other) return one
  const both = new Set([one, other])
  if (both.has('second factor') && both.has('yes')) return 'second factor'
  return 'depends'
}

function mixed(answer: Answer, because: string, conditions: readonly string[]): string {
  if (answer !== 'depends') return 'allowed with a second factor'
  const source = conditions.join('\n')
  const on = [
    ...(/\bnow\b/.test(source) ? ['time'] : []),
    ...(/\baddress\b/.test(source) ? ['address'] : []),
    ...(/\bauth\b/.test(source) ? ['how the caller proved who it is'] : []),
    ...(/\bargs\b|\bresource\b/.test(source) ? ['arguments'] : []),
  ]
  return on.length === 0 ? because : `depends on ${on.join(', ')}`
}
