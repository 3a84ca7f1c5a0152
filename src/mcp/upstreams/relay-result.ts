import type { CallToolResult, GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/server'
import { isRecord } from '../record.ts'
import type { Members } from './upstream-uri.ts'

/**
 * The result of a tool, made anew of the members that the protocol has; `undefined` for what is none. Reserved keys of
 * `_meta` are left out, wherever they are.
 */
export function toolResultOf(result: Members): CallToolResult | undefined {
  const { content = [], structuredContent, isError } = result
  if (isError !== undefined && typeof isError !== 'boolean') return undefined
  const own: unknown = {
    content: Array.isArray(content) ? content.map(withOwnMeta) : content,
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === undefined ? {} : { isError }),
    ...metaOf(result),
  }
  return isToolResult(own) ? own : undefined
}

/** As {@link toolResultOf}, of a prompt. */
export function promptResultOf(result: Members): GetPromptResult | undefined {
  const { description, messages } = result
  const own: unknown = {
    ...(typeof description === 'string' ? { description } : {}),
    messages: Array.isArray(messages) ? messages.map(withOwnMetaOfMessage) : messages,
    ...metaOf(result),
  }
  return isPromptResult(own) ? own : undefined
}

/** As {@link toolResultOf}, of a resource. How long it may be kept, and for whom, is not for an upstream to say. */
export function readResultOf(result: Members): ReadResourceResult | undefined {
  const { contents } = result
  const own: unknown = {
    contents: Array.isArray(contents) ? contents.map(withOwnMeta) : contents,
    ...metaOf(result),
  }
  return isReadResult(own) ? own : undefined
}

/** `_meta` without what is reserved for the protocol, or claims to be ours; absent where nothing is left. */
export function metaOf({ _meta: meta }: Members): { readonly _meta?: Members } {
  if (!isRecord(meta)) return {}
  const kept = Object.entries(meta).filter(([key]) => !isReserved(key))
  return kept.length === 0 ? {} : { _meta: Object.fromEntries(kept) }
}

/** Labels before the slash of a key (MCP 2026-07-28, `_meta`): the second one reserves, ours does anywhere. */
function isReserved(key: string): boolean {
  const slash = key.indexOf('/')
  const labels = (slash === -1 ? key : key.slice(0, slash)).toLowerCase().split('.')
  return labels.includes('sallyport') || labels.includes('modelcontextprotocol') || labels[1] === 'mcp'
}

function withOwnMetaOfMessage(message: unknown): unknown {
  return isRecord(message) ? { ...message, content: withOwnMeta(message['content']) } : message
}

function withOwnMeta(value: unknown): unknown {
  if (!isRecord(value)) return value
  const { _meta, ...rest } = value
  const inner = rest['type'] === 'resource' ? { resource: withOwnMeta(rest['resource']) } : {}
  return { ...rest, ...inner, ...metaOf(value) }
}

/** The one place that believes what it has looked at: the members that say what a block is, and no others. */
function isToolResult(value: unknown): value is CallToolResult {
  return isRecord(value) && Array.isArray(value['content']) && value['content'].every(isBlock)
}

function isPromptResult(value: unknown): value is GetPromptResult {
  return isRecord(value) && Array.isArray(value['messages']) && value['messages'].every(isMessage)
}

function isReadResult(value: unknown): value is ReadResourceResult {
  return isRecord(value) && Array.isArray(value['contents']) && value['contents'].every(isContents)
}

function isMessage(value: unknown): boolean {
  return (
    isRecord(value) &&
    (value['role'] === 'user' || value['role'] === 'assistant') &&
    isBlock(value['content'])
  )
}

function isBlock(value: unknown): boolean {
  if (!isRecord(value)) return false
  switch (value['type']) {
    case 'text':
      return typeof value['text'] === 'string'
    case 'image':
    case 'audio':
      return typeof value['data'] === 'string' && typeof value['mimeType'] === 'string'
    case 'resource_link':
      return typeof value['uri'] === 'string' && typeof value['name'] === 'string'
    case 'resource':
      return isContents(value['resource'])
    default:
      return false
  }
}

function isContents(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['uri'] === 'string' &&
    (typeof value['text'] === 'string' || typeof value['blob'] === 'string')
  )
}
