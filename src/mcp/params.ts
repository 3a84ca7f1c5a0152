import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  isSpecType,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { isLoggingLevel } from './logging-level.ts'
import { isMethod, isServed } from './methods.ts'
import { isRecord, memberOf } from './record.ts'

/**
 * Whether a message of one of the methods that are served here is shaped as it must be, so that the SDK's validator,
 * whose words are its own, never has to refuse one. Messages of other methods, and what is no request, are the SDK's.
 */
export function hasGoodParams(message: unknown): boolean {
  if (!isRecord(message) || typeof message['method'] !== 'string') return true
  const { method, params = {} } = message
  // What 2026-07-28 has no more is refused by its name alone: 404, whatever it says.
  if (isMethod(method) && !isServed(method, '2026-07-28') && isOfLaterEra(params)) return true
  if (method === 'initialize') return isSpecType.InitializeRequest(message)
  const check = CHECKS.get(method)
  return check === undefined || (isRecord(params) && check(params))
}

/** Whether a message says all that one of MCP 2026-07-28 says of itself, so that it is taken as one. */
function isOfLaterEra(params: unknown): boolean {
  const meta = memberOf(params, '_meta')
  const client = memberOf(meta, CLIENT_INFO_META_KEY)
  const level = memberOf(meta, LOG_LEVEL_META_KEY)
  return (
    memberOf(meta, PROTOCOL_VERSION_META_KEY) === '2026-07-28' &&
    isSpecType.ClientCapabilities(memberOf(meta, CLIENT_CAPABILITIES_META_KEY)) &&
    (client === undefined || isSpecType.Implementation(client)) &&
    (level === undefined || isLoggingLevel(level))
  )
}

type Check = (params: Readonly<Record<string, unknown>>) => boolean

const hasGoodCursor: Check = ({ cursor }) => cursor === undefined || typeof cursor === 'string'

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['tools/list', hasGoodCursor],
  [
    'tools/call',
    ({ name, arguments: args, task }) =>
      typeof name === 'string' &&
      (args === undefined || isRecord(args)) &&
      (task === undefined || isTask(task)),
  ],
  ['prompts/list', hasGoodCursor],
  [
    'prompts/get',
    ({ name, arguments: args }) => typeof name === 'string' && (args === undefined || isTexts(args)),
  ],
  ['resources/list', hasGoodCursor],
  ['resources/templates/list', hasGoodCursor],
  ['resources/read', ({ uri }) => typeof uri === 'string'],
  ['resources/subscribe', ({ uri }) => typeof uri === 'string'],
  ['resources/unsubscribe', ({ uri }) => typeof uri === 'string'],
  [
    'completion/complete',
    ({ ref, argument, context }) =>
      isReference(ref) &&
      isRecord(argument) &&
      typeof argument['name'] === 'string' &&
      typeof argument['value'] === 'string' &&
      (context === undefined || isContext(context)),
  ],
  ['logging/setLevel', ({ level }) => isLoggingLevel(level)],
  ['subscriptions/listen', ({ notifications }) => isRecord(notifications) && isFilter(notifications)],
])

/** MCP 2025-11-25, tasks: how long the client wants a result kept. There is nothing here that keeps one. */
function isTask(value: unknown): boolean {
  return isRecord(value) && (value['ttl'] === undefined || typeof value['ttl'] === 'number')
}

function isReference(ref: unknown): boolean {
  if (!isRecord(ref)) return false
  const { type, name, uri } = ref
  return (
    (type === 'ref/prompt' && typeof name === 'string') ||
    (type === 'ref/resource' && typeof uri === 'string')
  )
}

function isContext(context: unknown): boolean {
  return isRecord(context) && (context['arguments'] === undefined || isTexts(context['arguments']))
}

/** MCP 2026-07-28, subscriptions: what a client wants to hear of. */
function isFilter({ resourceSubscriptions: uris, ...flags }: Readonly<Record<string, unknown>>): boolean {
  const isList = uris === undefined || (Array.isArray(uris) && uris.every((uri) => typeof uri === 'string'))
  const lists = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged']
  return isList && lists.every((name) => flags[name] === undefined || typeof flags[name] === 'boolean')
}

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((member) => typeof member === 'string')
}
