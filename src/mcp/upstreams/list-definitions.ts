import { isRecord } from '../record.ts'
import type { UpstreamAnswer, UpstreamConnection } from './connection.ts'
import { definitionOf } from './definition-hash.ts'
import { definitionKey } from './definition-key.ts'
import type { Definition, DefinitionKind, Listed, Listing, Quarantined } from './definition.ts'
import type { UpstreamLimits } from './options.ts'
import { quarantined } from './quarantined.ts'
import { madeVisible } from './visible-text.ts'

/** Answers to one listing, of all kinds together; an upstream that needs more turns in circles. */
const MOST_PAGES = 500
/** Of the JSON of all those answers, whatever is in them. */
const MOST_CHARACTERS = 16 * 1024 * 1024
const LONGEST_CURSOR = 4096
const LONGEST_WHY = 256
const METHOD_NOT_FOUND = -32_601

/** One list of the protocol. */
interface List {
  readonly kind: Exclude<DefinitionKind, 'instructions'>
  readonly method: string
  /** The capability without which it is not asked for. */
  readonly capability: string
  /** The member of the result that has the definitions. */
  readonly member: string
  /** Whether an upstream with that capability may do without the method. */
  readonly mayBeMissing: boolean
}

const LISTS: readonly List[] = [
  { kind: 'tool', method: 'tools/list', capability: 'tools', member: 'tools', mayBeMissing: false },
  { kind: 'prompt', method: 'prompts/list', capability: 'prompts', member: 'prompts', mayBeMissing: false },
  {
    kind: 'template',
    method: 'resources/templates/list',
    capability: 'resources',
    member: 'resourceTemplates',
    mayBeMissing: true,
  },
]

/**
 * Asks an upstream for all that it has: tools, prompts and templates, page by page and only where it announces them,
 * and its instructions. Everything together takes at most `timeout` ms. Never rejects, whatever the upstream does.
 *
 * Fails closed: a definition that is too large, too deep, not what the protocol says, or one of two of the same name is
 * quarantined; an upstream that lists more than it may, or pages in circles, has listed nothing.
 *
 * @param signal breaks it off
 */
export async function listDefinitions(
  connection: UpstreamConnection,
  limits: Pick<UpstreamLimits, 'definitions' | 'timeout'>,
  signal?: AbortSignal,
): Promise<Listing> {
  const end = AbortSignal.timeout(limits.timeout)
  const found = collected(limits.definitions)
  const { capabilities, instructions } = connection.greeting
  if (instructions !== undefined && instructions !== '') found.add('instructions', { text: instructions })
  const asking: Asking = {
    connection,
    timeout: limits.timeout,
    signal: signal === undefined ? end : AbortSignal.any([end, signal]),
    found,
    left: { pages: MOST_PAGES, characters: MOST_CHARACTERS },
  }
  for (const list of LISTS) {
    if (!isRecord(capabilities[list.capability])) continue
    const why = await failureOf(list, asking)
    if (why !== undefined) return { kind: 'failed', why }
  }
  return { kind: 'listed', ...found.listed() }
}

interface Asking {
  readonly connection: UpstreamConnection
  readonly timeout: number
  readonly signal: AbortSignal
  readonly found: Collected
  readonly left: { pages: number; characters: number }
}

/** Follows the pages of one list; gives why it could not. */
async function failureOf(list: List, asking: Asking): Promise<string | undefined> {
  const { connection, timeout, signal, found, left } = asking
  const cursors = new Set<string>()
  let cursor: string | undefined
  do {
    if (left.pages-- === 0) return `it lists more than ${MOST_PAGES} pages`
    const answer = await connection.request({
      method: list.method,
      params: cursor === undefined ? {} : { cursor },
      signal,
      timeout,
      repeatable: true,
    })
    const page = pageOf(list, answer)
    if (typeof page === 'string') return `${list.method}: ${page}`
    left.characters -= page.characters
    const why =
      left.characters < 0
        ? 'its definitions are larger than 16 MiB together'
        : found.addAll(list.kind, page.definitions)
    if (why !== undefined) return why
    cursor = page.next
    if (cursor !== undefined && cursors.has(cursor)) return `${list.method}: its pages go round in circles`
    if (cursor !== undefined) cursors.add(cursor)
  } while (cursor !== undefined)
  return undefined
}

interface Page {
  readonly definitions: readonly unknown[]
  readonly next: string | undefined
  readonly characters: number
}

/** A page, or why there is none. */
function pageOf(list: List, answer: UpstreamAnswer): Page | string {
  if (answer.kind === 'error' && answer.code === METHOD_NOT_FOUND && list.mayBeMissing)
    return { definitions: [], next: undefined, characters: 0 }
  if (answer.kind !== 'result') return wordsOf(answer)
  const { [list.member]: definitions, nextCursor: next } = answer.result
  if (!Array.isArray(definitions)) return `there is no list "${list.member}" in its answer`
  const { length: characters } = JSON.stringify(answer.result)
  if (next === undefined || next === null || next === '') return { definitions, next: undefined, characters }
  if (typeof next !== 'string' || next.length > LONGEST_CURSOR) return 'its cursor is no text, or too long'
  return { definitions, next, characters }
}

function wordsOf(answer: Exclude<UpstreamAnswer, { kind: 'result' }>): string {
  switch (answer.kind) {
    case 'error':
      return `error ${answer.code}: ${madeVisible(answer.message.slice(0, LONGEST_WHY))}`
    case 'cancelled':
    case 'timeout':
      return 'no answer in time'
    case 'too_large':
      return 'its answer is larger than it may be'
    case 'down':
    case 'refused':
    case 'garbage':
      return answer.why
    case 'busy':
      return 'too many calls are open'
    case 'no_secret':
      return `it needs the secret "${answer.secret}" of a user`
  }
}

interface Collected {
  add(kind: DefinitionKind, listed: unknown): void
  /** Gives why there are too many. */
  addAll(kind: DefinitionKind, listed: readonly unknown[]): string | undefined
  listed(): Listed
}

/** By kind and name: two of one name are none, since nobody knows which is meant. */
function collected(most: number): Collected {
  const definitions = new Map<string, Definition>()
  const malformed = new Map<string, Quarantined>()
  let count = 0
  const add = (kind: DefinitionKind, listed: unknown): void => {
    const definition = definitionOf(kind, listed)
    const name = nameOf(listed)
    const key = definitionKey({ kind, name })
    if (definition === undefined || definitions.has(key) || malformed.has(key)) {
      definitions.delete(key)
      malformed.set(key, quarantined({ kind, name }, 'malformed'))
      return
    }
    definitions.set(key, definition)
  }
  return {
    add,
    addAll(kind, listed) {
      count += listed.length
      if (count > most) return `it lists more than ${most} tools, prompts and templates`
      for (const one of listed) add(kind, one)
      return undefined
    },
    listed: () => ({ definitions: [...definitions.values()], quarantined: [...malformed.values()] }),
  }
}

/** What the upstream calls it; empty where that is no text. */
function nameOf(listed: unknown): string {
  const name = isRecord(listed) ? listed['name'] : undefined
  return typeof name === 'string' ? name : ''
}
