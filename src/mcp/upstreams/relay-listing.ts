import { isSpecType, type Resource } from '@modelcontextprotocol/server'
import { isRecord } from '../record.ts'
import type { Call } from '../tool.ts'
import type { RelayLink } from './relay-link.ts'
import { metaOf } from './relay-result.ts'
import { quietlyPassedOn } from './relay-scan.ts'
import { tellUnanswered } from './relay-unanswered.ts'

/** The resources of an upstream, with our URIs. */
export interface ListedResources {
  /** Those that a caller would find. Never rejects. */
  list(call: Call): Promise<readonly Resource[]>
  /** Whether a caller was listed this very spelling of a URI, or is now. Never rejects. */
  has(call: Call, uri: string): Promise<boolean>
  /** Whether a principal was listed it in any session. */
  had(principal: string, uri: string): boolean
}

/** What {@link listedResources} takes besides the upstream. */
export interface ListingOptions {
  /** By the upstream's own URI. */
  readonly deniesUri: (own: string) => boolean
  /** What a principal was listed nothing instead of, since it came late. */
  readonly onLate: (principal: string) => void
  /** How long a list waits for this upstream, in ms; 250 unless given. */
  readonly patience?: number
}

const PATIENCE = 250
const MOST_PAGES = 64
const MOST_RESOURCES = 10_000
const LONGEST_URI = 2048
const LONGEST_CURSOR = 4096
const NO_LIST = { kind: 'garbage', why: 'there is no list "resources" in its answer' } as const
/** Of the JSON of all pages of one list, whatever is in them; what comes beyond that is left out. */
const MOST_CHARACTERS = 8 * 1024 * 1024
/** For so many callers what they were listed last is kept, if it is no more than this together. */
const MOST_KEPT = { callers: 256, characters: 64 * 1024 * 1024 }

/**
 * Lists the resources of an upstream by following its pages. A list never waits long: while its upstream is slow or down,
 * a caller gets what this same caller was listed last. What exists is no right to read it.
 */
export function listedResources(link: RelayLink, options: ListingOptions): ListedResources {
  const { patience = PATIENCE, onLate } = options
  const kept = new Map<string, Kept>()
  const asked = new WeakMap<Call, Promise<readonly Resource[]>>()
  let characters = 0
  const forget = (key: string): void => {
    characters -= kept.get(key)?.characters ?? 0
    kept.delete(key)
  }
  const keep = (key: string, one: Kept): void => {
    forget(key)
    kept.set(key, one)
    characters += one.characters
    for (const oldest of kept.keys())
      if (kept.size > MOST_KEPT.callers || characters > MOST_KEPT.characters) forget(oldest)
  }
  const running = new Map<string, Promise<Listed | undefined>>()
  const waiting = new Map<string, Promise<Listed | undefined>>()
  const begin = async (key: string, call: Call): Promise<Listed | undefined> => {
    waiting.delete(key)
    const own = pagesOf(link, call, options).then((listed) => {
      if (running.get(key) === own) running.delete(key)
      if (listed !== undefined) keep(key, { principal: call.context.principal.id, ...listed })
      return listed
    })
    running.set(key, own)
    return own
  }
  /**
   * One at a time for each caller, and those who ask meanwhile wait for the same next one: a list goes on when its asker
   * has been answered, and many of one caller would be all that a slow upstream may have at once.
   */
  const listing = async (key: string, call: Call): Promise<Listed | undefined> => {
    const current = running.get(key)
    if (current === undefined) return begin(key, call)
    const next = waiting.get(key) ?? current.then(async () => begin(key, call))
    waiting.set(key, next)
    return next
  }
  const ask = async (call: Call): Promise<readonly Resource[]> => {
    const key = keyOf(call)
    const principal = call.context.principal.id
    const known = (): readonly Resource[] => kept.get(key)?.resources ?? []
    let hadNothing = false
    const fresh = listing(key, call).then((listed) => {
      if (hadNothing && listed !== undefined && listed.resources.length > 0) onLate(principal)
      return listed?.resources
    })
    const late = (): readonly Resource[] => {
      // Only then: one that is slow, and lists something else each time, would have clients ask for ever.
      hadNothing = !kept.has(key)
      return known()
    }
    return (await inTime(fresh, patience, late)) ?? known()
  }
  const list = async (call: Call): Promise<readonly Resource[]> => {
    const known = asked.get(call)
    if (known !== undefined) return known
    const asking = ask(call)
    asked.set(call, asking)
    return asking
  }
  return {
    list,
    has: async (call, uri) => hasUri(kept.get(keyOf(call))?.resources ?? (await list(call)), uri),
    had: (principal, uri) =>
      [...kept.values()].some((one) => one.principal === principal && hasUri(one.resources, uri)),
  }
}

interface Listed {
  readonly resources: readonly Resource[]
  /** Of JSON, that the upstream took to say so. */
  readonly characters: number
}

/** What one principal was listed last, in one session. */
interface Kept extends Listed {
  readonly principal: string
}

function hasUri(resources: readonly Resource[], uri: string): boolean {
  return resources.some((resource) => resource.uri === uri)
}

/** What the upstream says may hang on who asks, and on the session. */
function keyOf({ context, client }: Call): string {
  return JSON.stringify([context.principal.id, client.session ?? null])
}

/** `undefined` where the upstream has not said it all. */
async function pagesOf(
  link: RelayLink,
  call: Call,
  { deniesUri }: ListingOptions,
): Promise<Listed | undefined> {
  const resources: Resource[] = []
  const method = 'resources/list'
  let characters = 0
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES && resources.length < MOST_RESOURCES; page++) {
    const answer = await link.calls.request(call, {
      method,
      params: cursor === undefined ? {} : { cursor },
      clientCapabilities: {},
      repeatable: true,
    })
    if (answer.kind !== 'result') {
      tellUnanswered(link, call, method, answer)
      return answer.kind === 'error' && page === 0 ? { resources, characters } : undefined
    }
    if (!Array.isArray(answer.result['resources'])) {
      tellUnanswered(link, call, method, NO_LIST)
      return undefined
    }
    const { length } = JSON.stringify(answer.result)
    if (characters + length > MOST_CHARACTERS) return { resources, characters }
    characters += length
    for (const listed of answer.result['resources'].slice(0, MOST_RESOURCES - resources.length))
      resources.push(...resourceOf(listed, link, deniesUri))
    const next = answer.result['nextCursor']
    if (typeof next !== 'string' || next.length > LONGEST_CURSOR || next === cursor)
      return { resources, characters }
    cursor = next
  }
  return { resources, characters }
}

function resourceOf(value: unknown, link: RelayLink, deniesUri: (own: string) => boolean): Resource[] {
  const passed = isRecord(value) ? quietlyPassedOn(link, value) : undefined
  if (passed === undefined) return []
  const { uri, _meta, ...rest } = passed
  if (typeof uri !== 'string' || uri.length > LONGEST_URI || deniesUri(uri)) return []
  const own: unknown = { ...rest, uri: link.uris.outward(uri), ...metaOf(passed) }
  return isSpecType.Resource(own) ? [own] : []
}

async function inTime<Value>(value: Promise<Value>, patience: number, instead: () => Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(() => resolve(instead()), patience)
  })
  return Promise.race([value, late]).finally(() => clearTimeout(timer))
}
