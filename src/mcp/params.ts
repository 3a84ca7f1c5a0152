/**
 * Whether a message of one of the methods that name something is shaped as it must be, so that the SDK's validator,
 * whose words are its own, never has to refuse one. Messages of other methods, and what is no request, are the SDK's.
 */
export function hasGoodParams(message: unknown): boolean {
  if (!isRecord(message) || typeof message['method'] !== 'string') return true
  const check = CHECKS.get(message['method'])
  return check === undefined || (isRecord(message['params']) && check(message['params']))
}

type Check = (params: Readonly<Record<string, unknown>>) => boolean

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  [
    'tools/call',
    ({ name, arguments: args }) => typeof name === 'string' && (args === undefined || isRecord(args)),
  ],
  [
    'prompts/get',
    ({ name, arguments: args }) => typeof name === 'string' && (args === undefined || isTexts(args)),
  ],
  ['resources/read', ({ uri }) => typeof uri === 'string'],
])

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((member) => typeof member === 'string')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
