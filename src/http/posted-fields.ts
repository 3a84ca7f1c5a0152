import { postedBody } from '../login/body.ts'
import { readBody } from './body.ts'
import type { EdgeRequest } from './edge-request.ts'
import { refuse } from './respond.ts'

/** No body here is longer than this many bytes: a request of 16 KiB, escaped, and a token. */
const BODY_LIMIT = 32 * 1024

/** Either the fields or the fact that the request was answered. */
export type Posted<Name extends string> =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<Name, string>> }
  | { readonly kind: 'answered' }

const ANSWERED = { kind: 'answered' } as const

/**
 * Reads a body of JSON with exactly these fields, each a text that is not empty.
 *
 * Fails closed: what is longer, of another type, doubled, missing or more is refused, and nothing of it is repeated.
 */
export async function postedFields<Name extends string>(
  edge: EdgeRequest,
  names: readonly Name[],
): Promise<Posted<Name>> {
  const { request, response, requestId } = edge
  const body = await readBody(request, BODY_LIMIT).catch(() => undefined)
  // Whoever went away in the middle gets no answer, and is nothing that should not happen.
  if (body === undefined) return ANSWERED
  if (body.kind === 'too_large') {
    refuse(response, 'body_too_large', requestId)
    await edge.record('request_malformed')
    return ANSWERED
  }
  const posted = postedBody(body.bytes, request.headers['content-type'])
  if (posted.kind === 'json' && hasExactly(posted.fields, names))
    return { kind: 'fields', fields: posted.fields }
  await edge.refuse('request_malformed')
  return ANSWERED
}

function hasExactly<Name extends string>(
  fields: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): fields is Readonly<Record<Name, string>> {
  const keys = Object.keys(fields)
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  return (
    keys.length === names.length && names.every((name) => Object.hasOwn(fields, name) && isText(fields[name]))
  )
}
