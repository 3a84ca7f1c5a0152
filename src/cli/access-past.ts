import { argumentsDigest } from '../audit/recorded-arguments.ts'
import { readTrail } from '../audit/read-trail.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { accessAtHand, type AccessAtHand } from './access-at-hand.ts'
import { requestOf } from './access-request.ts'
import type { Explained } from './explanation-text.ts'
import { pastHeadline, pastJson, pastLines, type PastDecision } from './past-text.ts'
import { print, printJson } from './print.ts'
import { recordedDecision, type RecordedDecision } from './recorded-decision.ts'
import { replayDecision, type Replayed } from './replay-decision.ts'
import { answerOf, recordedAnswer } from './replay-tally.ts'
import { contextOf } from './supposed-caller.ts'
import { unknownName } from './unknown-name.ts'
import { visible } from './visible.ts'

interface Flags {
  readonly policy?: string
  /** What the arguments are said to have been. */
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly check?: true
  readonly json?: true
}

/** Everything on record about one request. */
interface Past {
  readonly decisions: readonly RecordedDecision[]
  /** What became of it: lines for people. */
  readonly later: readonly string[]
}

/**
 * Explains what was decided on a request: what is on record, whether the policy of today would say the same, and what
 * cannot be said any more.
 *
 * @throws SallyportError `NOT_FOUND` if the trail has no such request
 */
export async function explainPast(
  requestId: string,
  { policy, arguments: said, check, json }: Flags,
): Promise<void> {
  const access = await accessAtHand(policy)
  const past = await pastOf(access.config.audit, requestId)
  if (past.decisions.length === 0)
    throw new SallyportError(
      'NOT_FOUND',
      `the audit trail in ${access.config.audit} has no decision on the request ${visible(requestId)}: it may be on another server, or older than what is kept`,
    )
  const decisions = past.decisions.map((recorded) => withArguments(recorded, said, access.config))
  const told = decisions.map((recorded) => toldOf(recorded, access))
  if (json === true) printJson(told.map(pastJson))
  else for (const line of told.flatMap((one) => pastLines(one, past.later, access.config.audit))) print(line)
  const denied = past.decisions.find(({ decision }) => decision === 'deny')
  if (check === true && denied !== undefined) throw new SallyportError('REFUSED', pastHeadline(denied))
}

/** A decision with the arguments that it is said to have been about. Believes nothing but the digest on record. */
function withArguments(
  recorded: RecordedDecision,
  said: Readonly<Record<string, unknown>> | undefined,
  config: Pick<Config, 'auditKeys'>,
): RecordedDecision {
  if (said === undefined) return recorded
  const digest = recorded.arguments?.digest
  if (!config.auditKeys().some((key) => argumentsDigest(key, said) === digest))
    throw new SallyportError(
      'REFUSED',
      `these are not the arguments of the request ${recorded.requestId}, or the audit key has changed: their digest is another`,
    )
  return { ...recorded, arguments: { digest: digest ?? '', values: said } }
}

async function pastOf(directory: string, requestId: string): Promise<Past> {
  const decisions: RecordedDecision[] = []
  const later: string[] = []
  for await (const one of readTrail(directory)) {
    if (one.event['requestId'] !== requestId) continue
    const decision = recordedDecision(one)
    if (decision === undefined) later.push(laterLine(one.at, one.event))
    else decisions.push(decision)
  }
  return { decisions, later }
}

/** What of other events is told, and how. */
const FACTS: readonly (readonly [key: string, words: (value: string) => string])[] = [
  ['outcome', (value) => value],
  ['durationMs', (value) => `after ${value} ms`],
  ['exception', (value) => value],
  ['rule', (value) => `rule ${value}`],
  ['by', (value) => `by ${value}`],
]

/** One line about an event that is no decision. */
function laterLine(at: number, event: Readonly<Record<string, unknown>>): string {
  const facts = FACTS.flatMap(([key, words]) => {
    const value = event[key]
    return typeof value === 'string' || typeof value === 'number' ? [words(String(value))] : []
  })
  return [new Date(at).toISOString(), String(event['event']), ...facts].join('  ')
}

function toldOf(recorded: RecordedDecision, access: AccessAtHand): PastDecision {
  const replayed = replayDecision(recorded, access.policy, access.catalog)
  return {
    recorded,
    replayed,
    explained: explainedOf(recorded, replayed, access),
    today: todayOf(recorded, replayed, access),
  }
}

function explainedOf(
  recorded: RecordedDecision,
  replayed: Replayed,
  { policy, file }: AccessAtHand,
): Explained | undefined {
  if (replayed.kind !== 'decided') return undefined
  const { proofs, request, args } = replayed.question
  const { at } = recorded
  const explanation = policy.explain(contextOf(proofs, policy, at), request, args, at)
  return { explanation, request, args, caller: { proofs, assumed: new Set() }, at, file }
}

function todayOf(
  recorded: RecordedDecision,
  replayed: Replayed,
  { policy, catalog, file }: AccessAtHand,
): string {
  const which =
    recorded.policy === policy.digest
      ? `${file} has not changed since`
      : `${file} has changed since (it is ${policy.digest} now)`
  switch (replayed.kind) {
    case 'impossible':
      return `${which}; what it would answer cannot be said: ${replayed.why}`
    case 'unknown': {
      const lookup = requestOf(catalog, recorded.action, recorded.name, {})
      return `${which}; ${lookup.kind === 'unknown' ? unknownName(lookup, recorded.name) : ''}`
    }
    case 'decided': {
      const isSame = answerOf(replayed.decision) === recordedAnswer(recorded)
      return `${which}; it would answer ${isSame ? 'the same' : 'otherwise'}`
    }
  }
}
