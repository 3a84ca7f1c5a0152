import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { ClientRequest } from '../calling-client.ts'
import { missingCapabilities } from '../missing-capabilities.ts'
import { isRecord } from '../record.ts'
import { isWithin, type JsonBounds } from './json-bounds.ts'
import { oneLineOf, saidBy } from './relay-text.ts'
import { hasHiddenText } from './visible-text.ts'

/** What of an upstream's requests reaches the client of a call. */
export interface AskRules {
  /** Its name in the configuration: how its words begin. */
  readonly upstream: string
  readonly asks: readonly ClientRequest['method'][]
  /** What the client of this call can do and the upstream may use. */
  readonly capabilities: ClientCapabilities
}

/** A request that an upstream makes, not believed to be well-formed. */
export interface UpstreamAsk {
  readonly method: string
  readonly params?: unknown
}

/** What a person reads is short; what a model reads may hold images. */
const BOUNDS: Readonly<Record<ClientRequest['method'], JsonBounds>> = {
  'elicitation/create': { bytes: 65_536, depth: 32 },
  'sampling/createMessage': { bytes: 4 * 1024 * 1024, depth: 64 },
  'roots/list': { bytes: 4096, depth: 8 },
}
const LONGEST_URL = 2048

/**
 * What a client is asked for an upstream: made anew of the members that a client needs, so that nothing else comes
 * along, with words that say which upstream asks.
 *
 * Fails closed: `undefined` for what this upstream may not ask, this client cannot do, or nobody should be shown.
 */
export function askFor({ method, params = {} }: UpstreamAsk, rules: AskRules): ClientRequest | undefined {
  const allowed = rules.asks.find((one) => one === method)
  if (allowed === undefined || !isRecord(params) || !isWithin(params, BOUNDS[allowed])) return undefined
  if (missingCapabilities({ method: allowed, params }, rules.capabilities) !== undefined) return undefined
  const own = PARAMS[allowed](params, rules.upstream)
  return own === undefined ? undefined : { method: allowed, params: own }
}

type Params = Readonly<Record<string, unknown>>

const PARAMS: Readonly<
  Record<ClientRequest['method'], (params: Params, upstream: string) => Params | undefined>
> = {
  'elicitation/create': (params, upstream) =>
    params['mode'] === 'url' ? urlElicitation(params, upstream) : formElicitation(params, upstream),
  'sampling/createMessage': sampling,
  'roots/list': () => ({}),
}

function formElicitation({ mode, message, requestedSchema }: Params, upstream: string): Params | undefined {
  if (mode !== undefined && mode !== 'form') return undefined
  if (typeof message !== 'string' || !isRecord(requestedSchema)) return undefined
  const schema = shownSchema(requestedSchema)
  if (schema === undefined) return undefined
  return { mode: 'form', message: saidBy(upstream, message), requestedSchema: schema }
}

function urlElicitation({ message, url }: Params, upstream: string): Params | undefined {
  if (typeof message !== 'string' || typeof url !== 'string' || !mayBeOpened(url)) return undefined
  return { mode: 'url', message: saidBy(upstream, message), url }
}

/** No characters but those of which nobody can mistake one for another, none that browsers read as something else. */
const ADDRESS = /^https?:\/\/[\w!#$%&'()*+,\-./:;=?@[\]~]+$/

/** The URL is shown as it is, so it has to be what it looks like: encrypted or of this machine, without a user's name. */
function mayBeOpened(text: string): boolean {
  if (text.length > LONGEST_URL || !ADDRESS.test(text)) return false
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** A form with words in one line each. Names of members come back with the answer, so they stay or nothing does. */
function shownSchema(schema: Params): Params | undefined {
  const shown = shownIn(schema)
  return isRecord(shown) ? shown : undefined
}

/** A part that cannot be shown makes the whole `undefined`. */
function shownIn(value: unknown): unknown {
  if (typeof value === 'string') return oneLineOf(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map(shownIn)
    return items.includes(undefined) ? undefined : items
  }
  const entries: [string, unknown][] = Object.entries(value)
  const shown = entries.map(([key, inner]): [string, unknown] => [key, isValue(key) ? inner : shownIn(inner)])
  const isBad = shown.some(
    ([key, inner]) => inner === undefined || isUnseen(key) || isUnseenValue(key, inner),
  )
  return isBad ? undefined : Object.fromEntries(shown)
}

/** What is sent back as it is: changing it would change the answer. */
const VALUES: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'pattern'])

function isValue(key: string): boolean {
  return VALUES.has(key)
}

function isUnseenValue(key: string, value: unknown): boolean {
  return isValue(key) && [value].flat(1).some((one) => typeof one === 'string' && isUnseen(one))
}

function isUnseen(text: string): boolean {
  return /[\r\n]/.test(text) || hasHiddenText(text)
}

/**
 * The context of other servers is never asked for: to the client this door is one server, and what it gave of the others
 * is none of this upstream's business (`includeContext`). What has no words of its own says who asks before the model.
 */
const SAMPLING = [
  'messages',
  'modelPreferences',
  'temperature',
  'maxTokens',
  'stopSequences',
  'tools',
  'toolChoice',
]

function sampling(params: Params, upstream: string): Params | undefined {
  if (!Array.isArray(params['messages']) || typeof params['maxTokens'] !== 'number') return undefined
  const { systemPrompt = '' } = params
  if (typeof systemPrompt !== 'string') return undefined
  const members = SAMPLING.filter((name) => params[name] !== undefined)
  return {
    ...Object.fromEntries(members.map((name) => [name, params[name]])),
    systemPrompt: `[${upstream} asks] ${systemPrompt}`.trimEnd(),
  }
}
