import { isSpecType } from '@modelcontextprotocol/server'
import { isLoggingLevel } from './logging-level.ts'
import { isRecord } from './record.ts'

/**
 * Whether a message of one of the methods that are served here is shaped as it must be, so that the SDK's validator,
 * whose words are its own, never has to refuse one. Messages of other methods, and what is no request, are the SDK's.
 */
export function hasGoodParams(message: unknown): boolean {
  if (!isRecord(message) || typeof message['method'] !== 'string') return true
  if (message['method'] === 'initialize') return isSpecType.InitializeRequest(message)
  const check = CHECKS.get(message['method'])
  const { params = {} } = message
  return check === undefined || (isRecord(params) && check(params))
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
