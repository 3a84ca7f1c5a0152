import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Action } from '../access/decision.ts'
import { canonicalJson } from '../audit/canonical-json.ts'
import type { SealingKeys } from '../auth/mac.ts'
import { openText, sealText, type SealedPlace } from '../auth/sealed-text.ts'
import { isRecord } from './record.ts'

/** What one round of a call leaves for the next (MCP 2026-07-28, `requestState`). */
export interface CallState {
  /** What the handler returned as its state. */
  readonly handler?: string
  /** The confirmation that the client was asked to bring about. */
  readonly waitsFor?: string
  /** That the call was confirmed, so that its next rounds need not be. */
  readonly confirmed?: ConfirmedRound
}

/** A call of which somebody has confirmed all that it needed. */
export interface ConfirmedRound {
  /** Names this round, so that only one other follows it. */
  readonly id: string
  /** The credential by which it was called: another one confirms anew. */
  readonly credential: string
  /** What was confirmed, in canonical JSON: other needs are confirmed anew. */
  readonly needs: string
  /** By whom: principals, in the order of the needs. */
  readonly by: readonly string[]
}

/** The one call that a state belongs to. */
export interface CallPlace {
  /** `service:billing` */
  readonly principal: string
  readonly action: Action
  /** Name of the tool or prompt, URI of the resource. */
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** Seals what travels through clients between two rounds of a call. */
export interface SealedStates {
  /**
   * @param endsAt ms since the epoch
   * @throws RangeError for a state of a handler that is too long
   */
  seal(state: CallState, place: CallPlace, endsAt: number): string
  /** Fails closed: `undefined` for what was not sealed here for this very call, or has ended. */
  open(text: string, place: CallPlace): CallState | undefined
}

/** A round is answered within so many ms. */
export const ROUND_LIFE: number = 10 * 60_000
/** Of the state of a handler, in characters. */
export const LONGEST_HANDLER_STATE: number = 64 * 1024
/** Longer texts are not looked at: that state as UTF-8, escaped and in base64url. */
const LONGEST_SEALED = 12 * LONGEST_HANDLER_STATE

/**
 * AES-256-GCM under keys derived from `keys` (HKDF-SHA256): the newest seals, all open. A state is bound to principal,
 * method, name and arguments, so that in another's hands, or for another call, it is none.
 *
 * @param now ms since the epoch
 */
export function sealedStates(keys: SealingKeys, now: () => number): SealedStates {
  const [newest, ...older] = keys
  const current = derived(newest)
  const all = [current, ...older.map(derived)]
  return {
    seal(state, place, endsAt) {
      if ((state.handler?.length ?? 0) > LONGEST_HANDLER_STATE)
        throw new RangeError(`a requestState has more than ${LONGEST_HANDLER_STATE} characters`)
      return sealText(JSON.stringify({ ...state, endsAt }), placeOf(place), current)
    },
    open(text, place) {
      if (text.length > LONGEST_SEALED) return undefined
      const sealedFor = placeOf(place)
      for (const key of all) {
        const opened = openText(text, sealedFor, key)
        if (opened !== undefined) return stateIn(JSON.parse(opened), now())
      }
      return undefined
    },
  }
}

function derived(key: KeyObject): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'sallyport sealed request state v1', 32)))
}

function placeOf({ principal, action, name, args }: CallPlace): SealedPlace {
  const digest = createHash('sha256').update(canonicalJson(args)).digest('base64url')
  return ['sallyport-request-state-v1', principal, action, name, digest]
}

/** What was sealed here is of this shape, unless another version of us did it. */
function stateIn(value: unknown, now: number): CallState | undefined {
  if (!isRecord(value) || typeof value['endsAt'] !== 'number' || now >= value['endsAt']) return undefined
  const { handler, waitsFor, confirmed } = value
  return {
    ...(typeof handler === 'string' ? { handler } : {}),
    ...(typeof waitsFor === 'string' ? { waitsFor } : {}),
    ...(isConfirmedRound(confirmed) ? { confirmed } : {}),
  }
}

function isConfirmedRound(value: unknown): value is ConfirmedRound {
  return (
    isRecord(value) &&
    ['id', 'credential', 'needs'].every((name) => typeof value[name] === 'string') &&
    Array.isArray(value['by']) &&
    value['by'].every((one) => typeof one === 'string')
  )
}
