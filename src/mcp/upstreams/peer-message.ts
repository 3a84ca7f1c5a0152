import { parseJson } from '../json.ts'

/** Deeper messages are no messages: what works on them later does so recursively. */
const DEEPEST = 256

/** What a text of an upstream was. */
export type MessageText =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'garbage'; readonly why: string }

/** Reads one message of an upstream: JSON that nobody after us can read differently, and that is not too deep. */
export function messageOf(text: string): MessageText {
  const parsed = parseJson(text, DEEPEST)
  if (parsed.kind === 'value') return { kind: 'message', message: parsed.value }
  switch (parsed.problem) {
    case 'malformed':
      return { kind: 'garbage', why: 'it sent what is not JSON' }
    case 'too_deep':
      return { kind: 'garbage', why: `it sent JSON deeper than ${DEEPEST} levels` }
    case 'too_many':
      return { kind: 'garbage', why: 'it sent JSON with more values than are taken' }
    case 'duplicate_key':
      return { kind: 'garbage', why: 'it sent JSON with the same key twice' }
    case 'forbidden_key':
      return { kind: 'garbage', why: 'it sent JSON with the key "__proto__"' }
  }
}
