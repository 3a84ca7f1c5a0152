import { isRecord, type Params } from '../../wire/message.ts'
import type { ListKind } from '../catalog-source.ts'
import type { Greeting } from './connection.ts'
import { quietly } from './peer-notices.ts'
import { throttled } from './peer-throttle.ts'
import { watchersOf, type Watchers } from './peer-watchers.ts'

/** What an upstream tells of no request: changed lists and resources. */
export interface Told {
  readonly watches: Watchers
  take(method: string, params: Params): void
  /** Something may have been missed: all lists, and everything that is watched, may have changed. */
  all(): void
  stop(): void
}

/** What {@link toldOf} takes. */
export interface ToldOptions {
  readonly onListChanged: (kind: ListKind) => void
  readonly watched: () => void
  readonly acknowledged: () => void
}

/** Of each list and each resource, in ms. */
const PAUSE = 1_000
const LISTS: readonly ListKind[] = ['tools', 'prompts', 'resources']

/** Hands on what changed, each of it once a second at most. */
export function toldOf({ onListChanged, watched, acknowledged }: ToldOptions): Told {
  const watches = watchersOf(watched)
  const list = throttled(PAUSE, (kind: ListKind) => quietly(() => onListChanged(kind)))
  const resource = throttled(PAUSE, (uri: string) => watches.updated(uri))
  return {
    watches,
    take(method, { uri }) {
      if (method === 'notifications/subscriptions/acknowledged') return acknowledged()
      if (method === 'notifications/resources/updated') {
        if (typeof uri === 'string' && watches.has(uri)) resource(uri)
        return
      }
      for (const kind of LISTS) if (method === `notifications/${kind}/list_changed`) list(kind)
    },
    all() {
      for (const kind of LISTS) list(kind)
      for (const uri of watches.uris()) resource(uri)
    },
    stop() {
      list.stop()
      resource.stop()
    },
  }
}

/** The lists that an upstream promises to tell of, as a filter of `subscriptions/listen` names them. */
export function toldLists({ capabilities }: Greeting): readonly string[] {
  return LISTS.filter((kind) => isSet(capabilities[kind], 'listChanged')).map((kind) => `${kind}ListChanged`)
}

/** Whether an upstream promises to tell of changed resources. */
export function tellsOfResources({ capabilities }: Greeting): boolean {
  return isSet(capabilities['resources'], 'subscribe')
}

function isSet(capability: unknown, member: string): boolean {
  return isRecord(capability) && capability[member] === true
}
