import { isRecord, type Params } from '../../wire/message.ts'
import type { Era } from '../methods.ts'
import type { UpstreamAnswer } from './connection.ts'

const LONGEST_MESSAGE = 1024
const LONGEST_DATA = 4096

/** Methods whose answer may be that the client has to say something first (MCP 2026-07-28, multi round-trip requests). */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/**
 * What a response says (JSON-RPC 2.0, section 5). What is no answer of the protocol is `garbage`; results are passed on
 * as they are.
 *
 * @param message with our id
 */
export function answerIn(message: Params, method: string, era: Era): UpstreamAnswer {
  const { result, error } = message
  if ((result === undefined) === (error === undefined))
    return garbage('it answered with a result and an error, or with neither')
  if (error !== undefined) return errorIn(error)
  if (!isRecord(result)) return garbage('its result is no object')
  return isResultOf(result, method, era)
    ? { kind: 'result', result }
    : garbage('its result is of a type that the method does not have')
}

function isResultOf({ resultType }: Params, method: string, era: Era): boolean {
  if (era === '2025-11-25' || resultType === undefined || resultType === 'complete') return true
  return resultType === 'input_required' && MAY_ASK.has(method)
}

function errorIn(error: unknown): UpstreamAnswer {
  if (!isRecord(error) || typeof error['code'] !== 'number' || !Number.isSafeInteger(error['code']))
    return garbage('its error has no code')
  const { code, message, data } = error
  return {
    kind: 'error',
    code,
    message: plainText(typeof message === 'string' ? message : '', LONGEST_MESSAGE),
    ...(isShort(data) ? { data } : {}),
  }
}

/** Without control characters, cut to so many characters. */
export function plainText(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .toWellFormed()
}

function isShort(data: unknown): boolean {
  return data !== undefined && JSON.stringify(data).length <= LONGEST_DATA
}

function garbage(why: string): UpstreamAnswer {
  return { kind: 'garbage', why }
}
