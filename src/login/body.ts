import { problem, type Problem } from './problem.ts'

/** What was posted, before anybody looked at the fields. */
export type PostedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json' | 'form'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly problem: Problem }

/**
 * Reads the fields of a body. A field is there once or not at all: two of one name are a refusal, in JSON as in a form,
 * since somebody else may read the other one.
 *
 * @param bytes the bytes, if there were any
 */
export function postedBody(bytes: Buffer | undefined, contentType: string | undefined): PostedBody {
  if ((bytes === undefined || bytes.length === 0) && !isForm(contentType)) return { kind: 'none' }
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const text = parameters.every(isUtf8) ? decoded(bytes ?? Buffer.alloc(0)) : undefined
  if (type !== 'application/json' && type !== FORM) return refused('unsupported_media_type')
  if (text === undefined) return refused('unsupported_media_type')
  const fields = type === FORM ? formFields(text) : jsonFields(text)
  if (fields === undefined) return refused('bad_request')
  return { kind: type === FORM ? 'form' : 'json', fields }
}

/** Whether a page posted this: it is answered with a page. */
export function isForm(contentType: string | undefined): boolean {
  return (contentType ?? '').toLowerCase().split(';', 1)[0]?.trim() === FORM
}

const FORM = 'application/x-www-form-urlencoded'

function refused(code: 'unsupported_media_type' | 'bad_request'): PostedBody {
  return { kind: 'refused', problem: problem(code) }
}

function isUtf8(parameter: string): boolean {
  return !parameter.startsWith('charset') || /^charset\s*=\s*"?utf-8"?$/.test(parameter)
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function formFields(text: string): Record<string, unknown> | undefined {
  const pairs = [...new URLSearchParams(text)]
  const fields = new Map(pairs)
  return fields.size === pairs.length ? Object.fromEntries(fields) : undefined
}

function jsonFields(text: string): Record<string, unknown> | undefined {
  const value = parsed(text)
  if (!isRecord(value)) return undefined
  return Object.keys(value).length < colonsIn(text) ? undefined : value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Colons outside of strings. Our fields hold no objects, so there is one for each field, also for a repeated one. */
function colonsIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/gs, '').split(':').length - 1
}
