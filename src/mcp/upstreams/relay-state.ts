import { isRecord } from '../record.ts'

/** A call that may take several rounds: what tells it from others of the same upstream. */
export interface RelayedCall {
  readonly upstream: string
  readonly method: 'tools/call' | 'prompts/get' | 'resources/read'
  /** The upstream's own name, or URI. */
  readonly name: string
}

/** What is remembered of a call between two of its rounds. */
export type RelayState =
  /** The upstream keeps nothing: it gets its own state back, and answers to what it asked for by these keys. */
  | { readonly kind: 'stateless'; readonly state?: string; readonly keys: readonly string[] }
  /** It waits at the upstream. */
  | { readonly kind: 'parked'; readonly id: string }

/** Longer states of an upstream are not carried. */
const LONGEST = 32_768
const MOST_KEYS = 64

/** Whether a state of an upstream can be carried through the client. */
export function isCarried(state: string): boolean {
  return state.length <= LONGEST
}

/** What a client brings back for this call; it is sealed on its way. */
export function writtenState({ upstream, method, name }: RelayedCall, state: RelayState): string {
  return JSON.stringify({ upstream, method, name, ...state })
}

/** What {@link writtenState} took; `undefined` for what it wrote for another call, and for anything else. */
export function readState(text: string, call: RelayedCall): RelayState | undefined {
  const value = parsed(text)
  if (!isRecord(value)) return undefined
  const isSame =
    value['upstream'] === call.upstream && value['method'] === call.method && value['name'] === call.name
  return isSame ? stateIn(value) : undefined
}

function stateIn({ kind, id, state, keys }: Readonly<Record<string, unknown>>): RelayState | undefined {
  if (kind === 'parked') return typeof id === 'string' ? { kind, id } : undefined
  if (kind !== 'stateless' || !isKeys(keys)) return undefined
  if (state === undefined) return { kind, keys }
  return typeof state === 'string' && isCarried(state) ? { kind, state, keys } : undefined
}

function isKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MOST_KEYS && value.every((key) => typeof key === 'string')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
