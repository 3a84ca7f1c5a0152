import type { AuthContext } from '../auth/context.ts'
import type { FoundResource } from './catalog.ts'
import type { ResourceDefinition } from './resource.ts'

/** The resources that families have to be asked to watch. */
export interface Watches {
  /** Somebody watches a resource; of one principal the first begins to have it watched, under the spelling that it asked for. */
  begin(context: AuthContext, uri: string, asked?: string): void
  /** One of them watches no more; the last ends it. */
  end(principal: string, uri: string): void
  /** Families may be others now. */
  renew(): void
}

/** What {@link watchesOf} takes. */
export interface WatchesOptions {
  /** The family that a URI is of at this moment, and the URI that this family knows it by. */
  readonly find: (
    uri: string,
  ) => (Pick<FoundResource, 'definition' | 'uri'> & Partial<Pick<FoundResource, 'asked'>>) | undefined
  /** A resource has changed, as its family tells this principal. */
  readonly changed: (uri: string, principal: string) => void
}

interface Watched {
  readonly context: AuthContext
  readonly uri: string
  count: number
  family: ResourceDefinition | undefined
  stop: () => void
}

const NOTHING = (): void => undefined

/** Has resources watched for each principal by itself: what one is told of rests on what it was asked for in its name. */
export function watchesOf({ find, changed }: WatchesOptions): Watches {
  const all = new Map<string, Watched>()
  const start = (watched: Watched): void => {
    const { context, uri } = watched
    const found = find(uri)
    watched.family = found?.definition
    const told = (): void => changed(uri, context.principal.id)
    watched.stop = found?.definition.watch?.(found.uri, context, told, found.asked) ?? NOTHING
  }
  return {
    begin(context, uri, asked = uri) {
      const key = keyOf(context.principal.id, uri)
      const known = all.get(key)
      if (known !== undefined) return void known.count++
      const watched: Watched = { context, uri: asked, count: 1, family: undefined, stop: NOTHING }
      all.set(key, watched)
      start(watched)
    },
    end(principal, uri) {
      const key = keyOf(principal, uri)
      const watched = all.get(key)
      if (watched === undefined || --watched.count > 0) return
      all.delete(key)
      watched.stop()
    },
    renew() {
      for (const watched of all.values()) {
        if (find(watched.uri)?.definition === watched.family) continue
        watched.stop()
        start(watched)
      }
    },
  }
}

function keyOf(principal: string, uri: string): string {
  return JSON.stringify([principal, uri])
}
