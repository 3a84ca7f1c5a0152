import { setTimeout as elapse } from 'node:timers/promises'
import type { RecordedArguments } from '../audit/event.ts'
import type { ConfirmableCall, Confirmations, Confirmed, PendingConfirmation } from '../mcp/confirmations.ts'
import { confirmationChanged } from './confirmation-audit.ts'
import { callDigests, confirmableArgs, holderDigest } from './confirmation-call.ts'
import { newConfirmationId } from './confirmation-id.ts'
import { sealConfirmation, type ConfirmableNeed, type ConfirmationRequest } from './confirmation-seal.ts'
import { confirmationIn, type ConfirmationState } from './confirmation-state.ts'
import type { ConfirmationQuota, KeptConfirmation } from './confirmation-store.ts'
import { stillCounts } from './may-answer.ts'
import type { LoginOptions } from './options.ts'
import { recordIfPossible, recordOrFail } from './session-audit.ts'
import { spentConfirmations, type SpentConfirmations } from './spent-confirmations.ts'

/** What {@link confirmations} takes. */
export interface ConfirmationsOptions extends Pick<
  LoginOptions,
  'confirmations' | 'keys' | 'mayApprove' | 'revocations' | 'audit' | 'now' | 'onException'
> {
  /** The origin of the door for people, as browsers reach it; `undefined` while there is none. */
  readonly origin: () => string | undefined
  /** Writes down the arguments of a call for the audit trail; nothing of them unless given. */
  readonly recordArguments?: (call: ConfirmableCall) => RecordedArguments | null
}

/** How long a call may wait, in ms: whoever is asked for his own second factor sits there; another person may not. */
const LIFE: Readonly<Record<ConfirmableNeed['kind'], number>> = {
  second_factor: 5 * 60_000,
  approval: 60 * 60_000,
}

/** So many may wait, or be answered and not yet used. */
const QUOTA: ConfirmationQuota = { overall: 10_000, perHolder: 10, bytes: 64 * 1024 * 1024 }

/** How often it is looked whether somebody has answered, on whichever node, in ms. */
const POLL = 500

/** A call that was asked about and used meanwhile is looked for anew so often. */
const ATTEMPTS = 4

/** Calls that wait for their own people or for others, whose answers the pages of the door for people take. */
export function confirmations(options: ConfirmationsOptions): Confirmations {
  const { confirmations: store, keys, now } = options
  const spent = spentConfirmations(now)
  const stateOf = async (id: string): Promise<ConfirmationState | undefined> => {
    const kept = await store.find(id, now())
    return kept && confirmationIn(kept, keys.confirmationSeal, now())
  }
  const isWaiting = (state: ConfirmationState | undefined): boolean =>
    state !== undefined && state.answer === undefined
  return {
    async confirm(call, needs) {
      const [origin, args] = [options.origin(), confirmableArgs(call)]
      const unmet = needs.find((need) => !canBeMet(call, need))
      if (origin === undefined || args === undefined || unmet !== undefined)
        return { kind: 'impossible', rule: (unmet ?? needs[0]).rule }
      const wanted = needs.filter(isConfirmable).map((need) => wantedOf(call, args, need, options))
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const confirmed = await attemptAt({ call, args, origin, wanted }, spent, options)
        if (confirmed !== undefined) return confirmed
      }
      return { kind: 'too_many' }
    },
    async settled({ id }, longest, signal) {
      for (let waited = 0; waited < longest; waited += POLL) {
        if (!isWaiting(await stateOf(id))) return true
        const isOver = await elapse(POLL, false, { signal }).catch(() => true)
        if (isOver) return false
      }
      return !isWaiting(await stateOf(id))
    },
    async withdraw({ id }, requestId) {
      const state = await stateOf(id)
      if (state === undefined || !isWaiting(state)) return
      const isGone = await store.take([{ id, answer: '' }], now())
      if (isGone)
        await recordIfPossible(confirmationChanged('confirmation.withdrawn', state, null, requestId), options)
    },
  }
}

/** One thing that a call needs, and what names both, under each key. */
interface Wanted {
  readonly need: ConfirmableNeed
  readonly calls: readonly [string, ...string[]]
}

interface Attempt {
  readonly call: ConfirmableCall
  readonly args: string
  readonly origin: string
  readonly wanted: readonly Wanted[]
}

function isConfirmable(need: PendingConfirmation['need']): need is ConfirmableNeed {
  return need.kind !== 'certificate'
}

/** Only a person has a second factor; and no page makes a certificate. */
function canBeMet({ context }: ConfirmableCall, { kind }: PendingConfirmation['need']): boolean {
  return kind === 'approval' || (kind === 'second_factor' && context.principal.kind === 'user')
}

function wantedOf(
  call: ConfirmableCall,
  args: string,
  need: ConfirmableNeed,
  { keys }: ConfirmationsOptions,
): Wanted {
  return { need, calls: callDigests(call, args, need, keys.confirmation) }
}

/** `undefined`: something changed in between, look anew. */
async function attemptAt(
  attempt: Attempt,
  spent: SpentConfirmations,
  options: ConfirmationsOptions,
): Promise<Confirmed | undefined> {
  const { wanted, call, origin } = attempt
  const found = await findAll(wanted, spent, options)
  const refused = found.find((state) => state?.answer?.verdict === 'refused')
  if (refused !== undefined) return { kind: 'refused', rule: refused.request.need.rule }
  for (const [at, one] of wanted.entries()) {
    const state = found[at]
    if (state === undefined) return ask(one, attempt, options)
    if (state.answer === undefined) return pending(state, origin)
  }
  return useUp(
    found.filter((state) => state !== undefined),
    call,
    spent,
    options,
  )
}

/** Those that are there and to be believed, in the order of what is wanted. What is not to be believed goes. */
async function findAll(
  wanted: readonly Wanted[],
  spent: SpentConfirmations,
  options: ConfirmationsOptions,
): Promise<readonly (ConfirmationState | undefined)[]> {
  const { confirmations: store, now } = options
  const kept = await store.ofCalls(
    wanted.flatMap(({ calls }) => calls),
    now(),
  )
  const states: ConfirmationState[] = []
  for (const one of kept) {
    const state = believed(one, spent, options)
    if (state === undefined) await store.take([one], now())
    else states.push(state)
  }
  return wanted.map(({ calls }) => states.find(({ request }) => calls.includes(request.call)))
}

function believed(
  kept: KeptConfirmation,
  spent: SpentConfirmations,
  options: ConfirmationsOptions,
): ConfirmationState | undefined {
  const state = confirmationIn(kept, options.keys.confirmationSeal, options.now())
  if (state?.answer?.verdict !== 'given') return state
  const isGood = !spent.has(state.id) && stillCounts(state.request, state.answer, options)
  return isGood ? state : undefined
}

/** All of them or none, in one step, so that of any number of calls at the same time one goes on. */
async function useUp(
  states: readonly ConfirmationState[],
  { requestId }: ConfirmableCall,
  spent: SpentConfirmations,
  options: ConfirmationsOptions,
): Promise<Confirmed | undefined> {
  const { confirmations: store, now } = options
  const isOurs = await store.take(
    states.map(({ id, sealedAnswer }) => ({ id, answer: sealedAnswer })),
    now(),
  )
  if (!isOurs) return undefined
  const by: string[] = []
  for (const state of states) {
    const giver = `user:${state.answer?.by ?? ''}`
    spent.add(state.id, state.answer?.until ?? 0)
    by.push(giver)
    await recordOrFail(confirmationChanged('confirmation.used', state, giver, requestId), options)
  }
  return { kind: 'confirmed', by }
}

async function ask(
  { need, calls }: Wanted,
  { call, args, origin }: Attempt,
  options: ConfirmationsOptions,
): Promise<Confirmed | undefined> {
  const { confirmations: store, keys, now } = options
  const id = newConfirmationId()
  const request = requestOf(call, need, calls[0], options)
  const entry = {
    id,
    call: request.call,
    holder: holderDigest(request.principal, keys.confirmation),
    role: need.kind === 'approval' ? need.by.role : null,
    expiresAt: request.expiresAt,
    ...sealConfirmation(id, { request, args }, keys.confirmationSeal),
  }
  const outcome = await store.open(entry, QUOTA, now())
  if (outcome === 'there') return undefined
  if (outcome === 'full') return { kind: 'too_many' }
  try {
    await recordOrFail(
      confirmationChanged('confirmation.asked', { id, request }, null, call.requestId),
      options,
    )
  } catch (error) {
    await store.take([{ id, answer: '' }], now())
    throw error
  }
  return pending({ id, request }, origin)
}

function requestOf(
  call: ConfirmableCall,
  need: ConfirmableNeed,
  digest: string,
  { now, recordArguments }: ConfirmationsOptions,
): ConfirmationRequest {
  const { principal, methods, credential, address = null, via = null } = call.context
  const askedAt = now()
  return {
    call: digest,
    need,
    principal: principal.id,
    methods,
    credential,
    address,
    via,
    action: call.action,
    resource: call.resource,
    recorded: recordArguments?.(call) ?? null,
    askedAt,
    expiresAt: askedAt + LIFE[need.kind],
  }
}

function pending(
  { id, request: { need, expiresAt } }: Pick<ConfirmationState, 'id' | 'request'>,
  origin: string,
): Confirmed {
  return { kind: 'pending', pending: { id, need, url: `${origin}/confirm/${id}`, expiresAt } }
}
