import { UNKNOWN, type AccessRequest, type Decision } from '../access/decision.ts'
import type { Explanation } from '../access/explanation.ts'
import type { SurfaceEntry } from '../access/surface.ts'
import type { AuthContext } from '../auth/context.ts'
import type { AccessAtHand } from './access-at-hand.ts'
import { CALLS } from './access-request.ts'
import { decidingRule, reasonText } from './access-verdict.ts'
import { reportSubjects, type ReportSubject } from './report-subjects.ts'
import { hangsOn, trialsLike, type Trial } from './report-trials.ts'
import { contextOf, supposedCaller } from './supposed-caller.ts'

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
  readonly policy: {
    readonly file: string
    /** `sha256:` and hex. */
    readonly digest: string
  }
  /** Ms since the epoch. */
  readonly at: number
  readonly subjects: readonly ReportSubject[]
  readonly things: readonly SurfaceEntry[]
  /** One row for each thing, in it one cell for each subject. */
  readonly cells: readonly (readonly Cell[])[]
}

/**
 * Asks the policy about everybody whom it names and everything there is, whatever the arguments, in all circumstances
 * that its conditions speak of (see {@link trialsLike}), and people with and without a second factor.
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

/** A decision on a trial, and what it comes to. */
interface Tried {
  readonly decision: Decision
  readonly answer: Answer
}

function cellOf(access: AccessAtHand, subject: ReportSubject, thing: SurfaceEntry, now: number): Cell {
  const { principals, supposition } = subject
  const usual = principals.map((principal) => ({ principal, supposition, at: now, lacksFactor: false }))
  const explanations = usual.map((one) => explained(access, one, thing))
  const conditions = explanations.flatMap(conditionsOf)
  const trials = usual.flatMap((one) => trialsLike(one, conditions))
  const all = trials.map((one) => tried(access, one, thing))
  const answer = common(all.map((one) => one.answer))
  const [usually] = all
  const decisive =
    all.find((one) => one.answer === answer) ?? all.find((one) => one.answer !== usually?.answer)
  const asked = explanations.flatMap(({ rules }) => rules).find(({ decides }) => decides)?.name ?? null
  const rule = decisive === undefined ? null : (decidingRule(decisive.decision) ?? asked)
  if (answer === 'depends') return { answer, rule, because: `depends on ${hangsOn(conditions).join(', ')}` }
  if (answer !== usually?.answer) return { answer, rule, because: 'allowed with a second factor' }
  return { answer, rule, because: reasonText(explanations[0]?.because ?? '') }
}

function conditionsOf({ rules, grants }: Explanation): readonly string[] {
  return [...rules, ...grants].flatMap(({ when }) => when?.source ?? [])
}

function requestFor({ kind, name, permission }: SurfaceEntry): AccessRequest {
  const request = { action: CALLS[kind], kind, resource: name, entry: name, permission }
  return kind === 'resource' ? { ...request, isFamily: true } : request
}

function contextFor({ policy, authority }: AccessAtHand, { principal, supposition, at }: Trial): AuthContext {
  return contextOf(supposedCaller(principal, supposition, authority, at).proofs, policy, at)
}

function explained(access: AccessAtHand, trial: Trial, thing: SurfaceEntry): Explanation {
  return access.policy.explain(contextFor(access, trial), requestFor(thing), UNKNOWN, trial.at)
}

function tried(access: AccessAtHand, trial: Trial, thing: SurfaceEntry): Tried {
  const decision = access.policy.decide(contextFor(access, trial), requestFor(thing), UNKNOWN, trial.at)
  return { decision, answer: answerOf(decision, trial) }
}

/** Whoever lacks the second factor and may not is told apart from whoever may not at all by {@link common}. */
function answerOf(decision: Decision, { lacksFactor }: Trial): Answer {
  switch (decision.kind) {
    case 'allow':
      return 'yes'
    case 'deny':
      return lacksFactor ? 'second factor' : 'no'
    case 'depends':
      return 'depends'
    case 'needs': {
      const kinds = new Set(decision.needs.map(({ kind }) => kind))
      if (kinds.has('approval')) return 'approval'
      return kinds.has('certificate') ? 'certificate' : 'second factor'
    }
  }
}

/** What answers in different circumstances come to. What is denied with a second factor needs none. */
function common(answers: readonly Answer[]): Answer {
  const found = new Set(answers)
  const [first = 'no', ...others] = found
  if (others.length === 0) return first
  if (found.size > 2 || !found.has('second factor')) return 'depends'
  if (found.has('no')) return 'no'
  return found.has('yes') ? 'second factor' : 'depends'
}
