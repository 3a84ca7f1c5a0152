import type { SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { confirmationChanged } from './confirmation-audit.ts'
import { isConfirmationId } from './confirmation-id.ts'
import {
  openArgs,
  sealAnswer,
  type ConfirmationAnswer,
  type ConfirmationRequest,
} from './confirmation-seal.ts'
import { confirmationIn, type ConfirmationState } from './confirmation-state.ts'
import { APPROVED_ELSEWHERE } from './fresh.ts'
import { mayAnswer } from './may-answer.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, recordOrFail } from './session-audit.ts'

/** A call that waits for this person, whole. */
export interface FoundConfirmation extends ConfirmationState {
  /** Canonical JSON. */
  readonly args: string
}

/** What was given has to be used within this, in ms. */
export const USED_WITHIN: number = 5 * 60_000

/** How many of one role are listed. */
const MOST_LISTED = 50

/**
 * The call of this name that waits for this person.
 *
 * Fails closed: `undefined` for one that is answered or over, or somebody else's to answer, as for one that never was.
 * Rejects with `STORE_UNAVAILABLE`.
 */
export async function findConfirmation(
  id: string,
  record: SessionRecord,
  options: LoginOptions,
): Promise<FoundConfirmation | undefined> {
  const { confirmations: store, keys, now } = options
  const kept = isConfirmationId(id) ? await store.find(id, now()) : undefined
  const state = kept && confirmationIn(kept, keys.confirmationSeal, now())
  if (state === undefined || !isFor(state, record, options)) return undefined
  const sealed = await store.argsOf(id, now())
  const args = sealed === undefined ? undefined : openArgs(id, sealed, keys.confirmationSeal)
  return args === undefined ? undefined : { ...state, args }
}

/** The calls of others that wait for this person's approval, the first to end first. Rejects with `STORE_UNAVAILABLE`. */
export async function waitingApprovals(
  record: SessionRecord,
  options: LoginOptions,
): Promise<readonly ConfirmationState[]> {
  const { confirmations: store, keys, now } = options
  // Who has proved no second factor approves nothing.
  if (record.mfaAt === null) return []
  const roles = await store.roles(now())
  const kept = await Promise.all(roles.map((role) => listedFor(role, record, options)))
  return kept
    .flat()
    .flatMap((one) => confirmationIn(one, keys.confirmationSeal, now()) ?? [])
    .filter((state) => isFor(state, record, options))
    .toSorted((one, other) => one.request.expiresAt - other.request.expiresAt)
}

async function listedFor(
  role: string,
  record: SessionRecord,
  options: LoginOptions,
): Promise<Awaited<ReturnType<LoginOptions['confirmations']['waitingFor']>>> {
  const { confirmations: store, now } = options
  const request = { need: { kind: 'approval', rule: '', by: { role }, owner: null }, principal: '' } as const
  return mayAnswer(request, record, options) ? store.waitingFor(role, MOST_LISTED, now()) : []
}

function isFor(
  { request, answer }: ConfirmationState,
  record: SessionRecord,
  options: LoginOptions,
): boolean {
  return answer === undefined && mayAnswer(request, record, options)
}

/**
 * Whether a session proves what a call needs of its own person: a second factor that was proved in it after the call was
 * made, so that nobody's earlier login counts, and no longer ago than the rule says.
 */
export function provesNeed(
  { need, askedAt }: Pick<ConfirmationRequest, 'need' | 'askedAt'>,
  { mfaAt, label }: Pick<SessionRecord, 'mfaAt' | 'label'>,
  now: number,
): boolean {
  if (need.kind !== 'second_factor') return true
  return label !== APPROVED_ELSEWHERE && mfaAt !== null && askedAt <= mfaAt && now - mfaAt <= need.within
}

/** What became of letting a call through. */
export type Given =
  /** It has to be made until then, in ms since the epoch. */
  | { readonly kind: 'given'; readonly until: number }
  /** The session does not prove what it needs; nothing was done. */
  | { readonly kind: 'unproved' }
  /** It was answered meanwhile, or has ended. */
  | { readonly kind: 'gone' }

/**
 * Lets the call through, once and soon, in the name of a session that {@link provesNeed}.
 *
 * Rejects with `STORE_UNAVAILABLE` or `AUDIT_UNAVAILABLE`: then it is not let through.
 */
export async function giveConfirmation(
  found: ConfirmationState,
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<Given> {
  const { id, request } = found
  const { confirmations: store, keys, now } = options
  const at = now()
  if (!provesNeed(request, record, at)) return { kind: 'unproved' }
  const until = Math.min(at + USED_WITHIN, endOfProof(request, record))
  const answer = sealAnswer(id, answerBy(record, 'given', at, until), keys.confirmationSeal)
  if (!(await store.answer(id, answer, until, at))) return { kind: 'gone' }
  try {
    await recordOrFail(changed('confirmation.given', found, record, caller), options)
  } catch (error) {
    await store.take([{ id, answer }], now())
    throw error
  }
  const event = request.need.kind === 'approval' ? 'call_approved' : 'call_confirmed'
  await addToHistory(record.user, event, caller, options)
  return { kind: 'given', until }
}

/** Refuses the call, and the same call again, until it would have ended. @returns false if it was answered meanwhile */
export async function refuseConfirmation(
  found: ConfirmationState,
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<boolean> {
  const { id, request } = found
  const { confirmations: store, keys, now } = options
  const until = request.expiresAt
  const answer = sealAnswer(id, answerBy(record, 'refused', now(), until), keys.confirmationSeal)
  if (!(await store.answer(id, answer, until, now()))) return false
  await recordIfPossible(changed('confirmation.refused', found, record, caller), options)
  await addToHistory(record.user, 'call_refused', caller, options)
  return true
}

/** A second factor counts for as long as the rule says, also while the call is on its way. */
function endOfProof({ need }: ConfirmationRequest, { mfaAt }: SessionRecord): number {
  return need.kind === 'second_factor' ? (mfaAt ?? 0) + need.within : Infinity
}

function answerBy(
  { user, epoch, authenticatedAt, mfaAt, address }: SessionRecord,
  verdict: ConfirmationAnswer['verdict'],
  at: number,
  until: number,
): ConfirmationAnswer {
  return { verdict, by: user, epoch, authenticatedAt, mfaAt, address, at, until }
}

function changed(
  event: 'confirmation.given' | 'confirmation.refused',
  found: ConfirmationState,
  { user }: SessionRecord,
  { requestId }: Caller,
): ReturnType<typeof confirmationChanged> {
  return confirmationChanged(event, found, `user:${user}`, requestId)
}
