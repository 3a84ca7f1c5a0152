import * as z from 'zod'
import { UNKNOWN, type Action, type Arguments } from '../access/decision.ts'
import type { ActionDecided, RecordedArguments } from '../audit/event.ts'
import { DIGEST_PREFIX } from '../audit/recorded-arguments.ts'
import type { TrailEvent } from '../audit/read-trail.ts'
import type { Proofs } from '../auth/context.ts'
import { parsePrincipal } from '../auth/principal.ts'
import { isAction } from './access-request.ts'

/** A decision of the audit trail, as far as it can be made again. */
export interface RecordedDecision {
  readonly file: string
  readonly line: number
  /** Ms since the epoch. */
  readonly at: number
  readonly requestId: string
  readonly principal: string
  readonly credential: string
  readonly via: string | null
  readonly action: Action
  readonly name: string
  readonly decision: ActionDecided['decision']
  /** Told on as it stands; nothing is decided by one that is not known here. */
  readonly reason: string | null
  readonly rule: string | null
  readonly shadow: readonly string[]
  readonly confirmedBy: readonly string[]
  readonly policy: string
  readonly trace: string | null
  /** Null where they are not on record. */
  readonly proofs: Proofs | null
  readonly arguments: RecordedArguments | null
}

const text = z.string()
const texts = z.array(text)

const recordedArguments = z.object({
  digest: text,
  names: texts.optional(),
  values: z.record(text, z.unknown()).optional(),
})

const time = text.refine((value) => !Number.isNaN(Date.parse(value)))

const recordedProofs = z.object({
  authenticatedAt: time,
  mfaAt: time.nullable(),
  address: text.nullable(),
  certificate: z.object({ uri: text.nullable(), issuer: text }).nullable(),
  ceilings: z.array(texts),
})

const decided = z.object({
  event: z.enum(['tool.decided', 'prompt.decided', 'resource.decided']),
  requestId: text,
  principal: text,
  methods: z.array(z.enum(['certificate', 'session'])).min(1),
  credential: text,
  via: text.optional(),
  action: text,
  resource: text,
  decision: z.enum(['allow', 'deny', 'ask']),
  reason: text.nullable(),
  rule: text.nullable(),
  shadow: texts.default([]),
  confirmedBy: texts.default([]),
  policy: text,
  trace: text.nullable().default(null),
  proofs: recordedProofs.optional(),
  arguments: recordedArguments.nullable().default(null),
})

/** Reads an event of the trail as a decision; `undefined` for every other event. */
export function recordedDecision({ file, line, at, event }: TrailEvent): RecordedDecision | undefined {
  const { data } = decided.safeParse(event)
  if (data === undefined || !isAction(data.action)) return undefined
  const { action, resource: name, via = null, proofs, methods, ...rest } = data
  return {
    ...rest,
    file,
    line,
    at,
    action,
    name,
    via,
    arguments: argumentsOf(data.arguments),
    proofs: proofs === undefined ? null : proofsOf(data.principal, methods, proofs),
  }
}

function argumentsOf(recorded: z.infer<typeof recordedArguments> | null): RecordedArguments | null {
  if (recorded === null) return null
  const { digest, names, values } = recorded
  if (values !== undefined) return { digest, values }
  return names === undefined ? { digest } : { digest, names }
}

function proofsOf(
  id: string,
  [first, ...others]: z.infer<typeof decided>['methods'],
  { authenticatedAt, mfaAt, address, certificate, ceilings }: z.infer<typeof recordedProofs>,
): Proofs | null {
  const principal = parsePrincipal(id)
  if (principal === undefined || first === undefined) return null
  return {
    principal,
    methods: [first, ...others],
    authenticatedAt: Date.parse(authenticatedAt),
    ...(mfaAt === null ? {} : { mfaAt: Date.parse(mfaAt) }),
    ...(address === null ? {} : { address }),
    ...(certificate === null ? {} : { certificate }),
    ceilings,
  }
}

/** A text that the trail has cut short, see `line.ts` of the trail. */
const CUT = /…sha256:[0-9a-f]{64}$/

/** The arguments, if every value of them is on record. */
export function knownArguments(recorded: RecordedArguments | null): Arguments {
  if (recorded === null || !('values' in recorded)) return UNKNOWN
  return isWhole(recorded.values) ? recorded.values : UNKNOWN
}

function isWhole(value: unknown): boolean {
  if (typeof value === 'string') return !value.startsWith(DIGEST_PREFIX) && !CUT.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(isWhole)
}

/** Whether the trail has the whole name. */
export function isWholeName(name: string): boolean {
  return !CUT.test(name)
}
