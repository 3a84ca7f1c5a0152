import type {
  CancelTaskRequest,
  ClientNotification,
  ClientRequest,
  GetTaskPayloadRequest,
  GetTaskRequest,
  ListTasksRequest,
  ServerNotification,
  ServerRequest,
  TaskStatusNotification,
} from '@modelcontextprotocol/server'
import type { Action } from '../access/decision.ts'

/** The two eras of the protocol: with `initialize` and sessions, up to 2025-11-25, and without, from 2026-07-28 on. */
export type Era = '2025-11-25' | '2026-07-28'

/** What becomes of a message of one method. */
export type Treatment =
  /** Every answer rests on a decision on one of these actions. */
  | { readonly kind: 'guarded'; readonly by: readonly [Action, ...Action[]] }
  /** For every authenticated caller: it says nothing about the catalog and does nothing but to the caller's own. */
  | { readonly kind: 'public' }
  /** Answered with -32601, as a method that does not exist. */
  | { readonly kind: 'refused' }
  /** A notification that is dropped, as one that does not exist. */
  | { readonly kind: 'dropped' }

/** One method, in both eras. */
export interface MethodRow {
  readonly legacy: Treatment
  readonly modern: Treatment
  /** Why, where that is no matter of course. */
  readonly because?: string
}

type TaskMessage =
  | GetTaskRequest
  | GetTaskPayloadRequest
  | ListTasksRequest
  | CancelTaskRequest
  | TaskStatusNotification

/** Every method that the specification has in either era, whoever may send it. */
export type Method = (
  | ClientRequest
  | ServerRequest
  | ClientNotification
  | ServerNotification
  | TaskMessage
)['method']

const PUBLIC: Treatment = { kind: 'public' }
const REFUSED: Treatment = { kind: 'refused' }
const DROPPED: Treatment = { kind: 'dropped' }

const by = (...actions: [Action, ...Action[]]): Treatment => ({ kind: 'guarded', by: actions })
const both = (treatment: Treatment, because?: string): MethodRow => ({
  legacy: treatment,
  modern: treatment,
  ...(because === undefined ? {} : { because }),
})

const OURS_TO_SEND = 'the server sends it'
const TASKS = 'there are no tasks here'
/** Completions and subscriptions ask about the thing itself as well. */
const COMPLETION = by('completion/complete', 'prompts/get', 'resources/read')
const SUBSCRIPTION = by('resources/subscribe', 'resources/read')

/**
 * What becomes of every method. What is not in it is refused, or dropped where it is a notification: a method that a
 * later SDK brings is closed until somebody has decided about it here.
 */
export const METHODS: Readonly<Record<Method, MethodRow>> = Object.freeze({
  initialize: {
    legacy: PUBLIC,
    modern: REFUSED,
    because: 'says the name and the capabilities of the server',
  },
  ping: { legacy: PUBLIC, modern: REFUSED },
  'server/discover': { legacy: REFUSED, modern: PUBLIC, because: 'as initialize' },
  'tools/list': both(by('tools/list')),
  'tools/call': both(by('tools/call')),
  'prompts/list': both(by('prompts/list')),
  'prompts/get': both(by('prompts/get')),
  'resources/list': both(by('resources/list'), 'every family, and every resource in it'),
  'resources/templates/list': both(by('resources/templates/list')),
  'resources/read': both(by('resources/read')),
  'completion/complete': both(COMPLETION, 'the thing, and every value'),
  'resources/subscribe': {
    legacy: SUBSCRIPTION,
    modern: REFUSED,
    because: 'when it begins, and again at every change',
  },
  'resources/unsubscribe': { legacy: PUBLIC, modern: REFUSED, because: 'ends what is of the own session' },
  'subscriptions/listen': {
    legacy: REFUSED,
    modern: by('resources/subscribe', 'resources/read', 'tools/list', 'prompts/list', 'resources/list'),
    because: 'each URI, as resources/subscribe; changes of a list, as the list',
  },
  'logging/setLevel': {
    legacy: PUBLIC,
    modern: REFUSED,
    because: 'says what the own session is told; since 2026-07-28 each request does',
  },
  'sampling/createMessage': both(REFUSED, OURS_TO_SEND),
  'elicitation/create': both(REFUSED, OURS_TO_SEND),
  'roots/list': both(REFUSED, OURS_TO_SEND),
  'tasks/get': both(REFUSED, TASKS),
  'tasks/result': both(REFUSED, TASKS),
  'tasks/list': both(REFUSED, TASKS),
  'tasks/cancel': both(REFUSED, TASKS),
  'notifications/initialized': { legacy: PUBLIC, modern: DROPPED },
  'notifications/cancelled': {
    legacy: PUBLIC,
    modern: DROPPED,
    because: 'ends a request of the own session; since 2026-07-28 whoever closes its stream does',
  },
  'notifications/progress': {
    legacy: PUBLIC,
    modern: DROPPED,
    because: 'of what the server asked this client',
  },
  'notifications/roots/list_changed': both(DROPPED, 'nobody keeps roots here'),
  'notifications/message': both(DROPPED, OURS_TO_SEND),
  'notifications/resources/updated': both(DROPPED, OURS_TO_SEND),
  'notifications/resources/list_changed': both(DROPPED, OURS_TO_SEND),
  'notifications/tools/list_changed': both(DROPPED, OURS_TO_SEND),
  'notifications/prompts/list_changed': both(DROPPED, OURS_TO_SEND),
  'notifications/subscriptions/acknowledged': both(DROPPED, OURS_TO_SEND),
  'notifications/elicitation/complete': both(DROPPED, OURS_TO_SEND),
  'notifications/tasks/status': both(DROPPED, TASKS),
} satisfies Record<Method, MethodRow>)

/** Whether the specification has a method of this name. */
export function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name)
}

/** Whether a message of this method goes on to what serves it. Fails closed: nothing else does. */
export function isServed(method: string, era: Era): boolean {
  if (!isMethod(method)) return false
  const { legacy, modern } = METHODS[method]
  const { kind } = era === '2025-11-25' ? legacy : modern
  return kind === 'guarded' || kind === 'public'
}
