/** The id of a request (JSON-RPC 2.0, section 4; MCP forbids null). */
export type RpcId = string | number

/** A message of JSON-RPC 2.0, as far as the bridge looks into it. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: Params }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Params }
  | {
      readonly kind: 'response'
      readonly id: RpcId | null
      readonly result: unknown
      readonly error: unknown
    }

type RpcRequest = Extract<RpcMessage, { kind: 'request' }>

/** Parameters by name; empty where there are none. */
export type Params = Readonly<Record<string, unknown>>

/** What one line or one body carries: a message, or a batch of them (MCP 2025-03-26). */
export interface Carried {
  /** As it came: what is forwarded. */
  readonly text: string
  readonly messages: readonly RpcMessage[]
}

/** What a text was. */
export type Read =
  | ({ readonly kind: 'carried' } & Carried)
  | { readonly kind: 'not_json' }
  /** JSON, but no message. */
  | { readonly kind: 'invalid'; readonly id: RpcId | null }

/** Reads a text as JSON-RPC, without changing or judging what is in a message. */
export function readMessages(text: string): Read {
  const value = parsed(text)
  if (value === undefined) return { kind: 'not_json' }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const messages = values.flatMap((one) => messageIn(one) ?? [])
  if (messages.length === 0 || messages.length < values.length) return { kind: 'invalid', id: idIn(value) }
  return { kind: 'carried', text, messages }
}

/** The requests among messages. */
export function requestsIn({ messages }: Carried): readonly RpcRequest[] {
  return messages.filter((message) => message.kind === 'request')
}

/** The message, if it is one alone. */
export function onlyMessage({ messages }: Carried): RpcMessage | undefined {
  return messages.length === 1 ? messages[0] : undefined
}

/** Whether a value is an object with names, not a list. */
export function isRecord(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An error answer as text. */
export function errorText(id: RpcId | null, code: number, message: string, data?: unknown): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  })
}

/** Line ends cannot be inside a JSON string, so between its parts a space does as well. */
export function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ') : text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function messageIn(value: unknown): RpcMessage | undefined {
  if (!isRecord(value) || value['jsonrpc'] !== '2.0') return undefined
  const { method } = value
  const id = idIn(value)
  if (typeof method !== 'string') {
    const isResponse = 'id' in value && ('result' in value || 'error' in value)
    return isResponse ? { kind: 'response', id, result: value['result'], error: value['error'] } : undefined
  }
  const params = isRecord(value['params']) ? value['params'] : {}
  if (!('id' in value)) return { kind: 'notification', method, params }
  return id === null ? undefined : { kind: 'request', id, method, params }
}

function idIn(value: unknown): RpcId | null {
  const id = isRecord(value) ? value['id'] : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : null
}
