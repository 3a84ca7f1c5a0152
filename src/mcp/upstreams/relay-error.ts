import { randomUUID } from 'node:crypto'
import { ProtocolError } from '@modelcontextprotocol/server'
import type { Era } from '../methods.ts'
import { missingError } from '../missing-capabilities.ts'
import { isRecord, memberOf } from '../record.ts'
import type { UpstreamAnswer } from './connection.ts'
import { isWithin } from './json-bounds.ts'
import { askFor, type AskRules } from './relay-asks.ts'
import { inputOf, type Input } from './relay-input.ts'
import type { RelayLink } from './relay-link.ts'
import { missingOfClient } from './relay-missing.ts'
import { passedOn } from './relay-scan.ts'
import type { RelayedCall } from './relay-state.ts'
import { oneLineOf } from './relay-text.ts'

/** An error of JSON-RPC, as an upstream said it. */
export type UpstreamError = Extract<UpstreamAnswer, { readonly kind: 'error' }>

const INTERNAL_ERROR = -32_603
const INVALID_PARAMS = -32_602
/** Of 2025-era resources, what later is -32602. */
const RESOURCE_NOT_FOUND = -32_002
/** MCP 2026-07-28: the client cannot do what the upstream needs. */
const MISSING_CAPABILITY = -32_021
/** MCP 2025-11-25, URL mode elicitation; gone since. */
const URL_ELICITATION_REQUIRED = -32_042

/**
 * What is between us and the upstream, and says nothing of the client's own request: parse error, invalid request, method
 * not found, mismatched headers, missing capabilities, unknown revision.
 */
const OF_OUR_HOP: ReadonlySet<number> = new Set([-32_700, -32_600, -32_601, -32_020, -32_021, -32_022])
/** JSON-RPC has no bounds for codes; clients keep them in 32 bits. */
const LARGEST_CODE = 2 ** 31

const LONGEST_MESSAGE = 1024
const DATA = { bytes: 4096, depth: 16 }

/** An error of an upstream, as its client is told: with its code and words, unless it is about our own hop. */
export function relayedError(
  error: UpstreamError,
  link: RelayLink,
  call: RelayedCall,
  rules: AskRules,
  era: Era,
): Input | { readonly kind: 'error'; readonly error: ProtocolError } {
  if (error.code === URL_ELICITATION_REQUIRED) return urlsFirst(error, call, rules, era)
  if (error.code === RESOURCE_NOT_FOUND && call.method === 'resources/read')
    return told(INVALID_PARAMS, 'Resource not found', { uri: link.uris.outward(call.name) })
  const missing = error.code === MISSING_CAPABILITY ? missingOfClient(error.data, rules) : undefined
  if (missing !== undefined) return { kind: 'error', error: missingError(missing, era) }
  const isOurs = OF_OUR_HOP.has(error.code) || Math.abs(error.code) > LARGEST_CODE
  if (isOurs) return told(INTERNAL_ERROR, `The upstream "${call.upstream}" does not understand the request`)
  const { message, data } = error
  const said = { message, ...(data !== undefined && isWithin(data, DATA) ? { data } : {}) }
  const passed = passedOn(link, said, call)
  if (passed === undefined) return { kind: 'unanswered', answer: { kind: 'withheld' } }
  const words = typeof passed['message'] === 'string' ? passed['message'] : ''
  return told(error.code, oneLineOf(words, LONGEST_MESSAGE), passed['data'])
}

function told(code: number, message: string, data?: unknown) {
  return { kind: 'error' as const, error: new ProtocolError(code, message, data) }
}

const MOST_URLS = 8

function asUrl(params: unknown): unknown {
  return isRecord(params) ? { ...params, mode: 'url' } : params
}

/**
 * The upstream wants URLs opened before the call is made again. A 2025-era client is told so by the same error, a later
 * one by what came in its place.
 */
function urlsFirst({ data }: UpstreamError, call: RelayedCall, rules: AskRules, era: Era) {
  const listed = memberOf(data, 'elicitations')
  const urls = (Array.isArray(listed) ? listed : []).slice(0, MOST_URLS).map(asUrl)
  const method = 'elicitation/create'
  if (era === '2026-07-28')
    return inputOf(
      { inputRequests: Object.fromEntries(urls.map((params, at) => [`url-${at}`, { method, params }])) },
      call,
      rules,
    )
  const elicitations = urls.flatMap((params) => {
    const own = askFor({ method, params }, rules)
    return own === undefined ? [] : [{ ...own.params, elicitationId: randomUUID() }]
  })
  if (elicitations.length === 0)
    return { kind: 'unanswered' as const, answer: { kind: 'asks' as const, method } }
  return told(URL_ELICITATION_REQUIRED, `The upstream "${call.upstream}" needs a URL opened first`, {
    elicitations,
  })
}
