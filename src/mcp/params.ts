import { isSpecType } from '@modelcontextprotocol/server'

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
])

/** MCP 2025-11-25, tasks: how long the client wants a result kept. There is nothing here that keeps one. */
function isTask(value: unknown): boolean {
  return isRecord(value) && (value['ttl'] === undefined || typeof value['ttl'] === 'number')
}

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((member) => typeof member === 'string')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
