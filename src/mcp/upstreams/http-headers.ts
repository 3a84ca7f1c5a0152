import { validateHeaderValue } from 'node:http'
import { modernHeaders } from '../../wire/headers.ts'
import type { TextWithGaps } from './options.ts'
import { MODERN } from './peer-envelope.ts'
import type { Outgoing } from './peer-wire.ts'

/** What a 2025-era upstream knows the connection by. */
export interface SessionHeaders {
  readonly session: string | undefined
  /** The revision that was negotiated; absent before that. */
  readonly revision: string | undefined
}

/** Headers that the operator configured, with their gaps filled; or why they cannot be sent, without what they say. */
export type FilledHeaders =
  | { readonly kind: 'filled'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'unfit'; readonly why: string }

/** Headers that are the transport's own; a configuration that has them has no effect. */
const OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'accept',
  'host',
  'last-event-id',
  'transfer-encoding',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
])

/** Fills the gaps of configured headers. Fails closed: a header that lacks its secret is not sent without it. */
export function filledHeaders(
  configured: Readonly<Record<string, TextWithGaps>>,
  secrets: Readonly<Record<string, string>>,
): FilledHeaders {
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(configured)) {
    const parts = text.map((part) => {
      if (typeof part === 'string') return part
      return Object.hasOwn(secrets, part.user) ? secrets[part.user] : undefined
    })
    if (parts.includes(undefined)) return { kind: 'unfit', why: `the header "${name}" lacks a secret` }
    const value = parts.join('')
    if (!isSendable(name, value))
      return {
        kind: 'unfit',
        why: `the header "${name}" cannot be sent: it has other characters than headers may have`,
      }
    if (!OWN.has(name.toLowerCase())) headers[name.toLowerCase()] = value
  }
  return { kind: 'filled', headers }
}

function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

/** The headers of a request, names and values by turns; what is the protocol's own wins. */
export function requestHeaders(
  configured: Readonly<Record<string, string>>,
  request: Outgoing,
  session: SessionHeaders,
): string[] {
  const headers: Record<string, string> = { ...configured }
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value
  headers['content-type'] = 'application/json'
  headers['accept'] = 'application/json, text/event-stream'
  Object.assign(
    headers,
    request.era === MODERN
      ? modernHeaders({ kind: 'notification', method: request.method, params: request.params }, MODERN)
      : request.method === 'initialize'
        ? {}
        : legacyHeaders(session),
  )
  return flat(headers)
}

/** The headers of what is no request, of the 2025 era. */
export function sessionHeaders(
  configured: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
  session: SessionHeaders,
): string[] {
  return flat({ ...configured, ...more, ...legacyHeaders(session) })
}

function legacyHeaders({ session, revision }: SessionHeaders): Record<string, string> {
  return {
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
    ...(revision === undefined ? {} : { 'mcp-protocol-version': revision }),
  }
}

function flat(headers: Readonly<Record<string, string>>): string[] {
  const all: string[] = []
  for (const name in headers) all.push(name, headers[name] ?? '')
  return all
}
