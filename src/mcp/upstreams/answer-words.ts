import { isClientMethod } from '../missing-capabilities.ts'
import type { UpstreamAnswer } from './connection.ts'

/** Why there is nothing of an upstream to pass on. */
export type Unanswered =
  | Exclude<UpstreamAnswer, { readonly kind: 'result' | 'error' }>
  /** It asks the client for what it may not ask, or in a way that no client is asked. */
  | { readonly kind: 'asks'; readonly method: string }
  /** What it returned is not passed on, by the rules for results. */
  | { readonly kind: 'withheld' }

/**
 * What a caller is told of a call that has no result, in one or two sentences. Nothing of it is the upstream's own text
 * but the method that it asks by.
 *
 * @param upstream its name in the configuration
 * @param requestId where more about it is found on record
 */
export function wordsFor(answer: Unanswered, upstream: string, requestId: string): string {
  const ask = `Ask the operator about request ${requestId}.`
  const it = `The upstream "${upstream}"`
  switch (answer.kind) {
    case 'down':
      return answer.sent
        ? `${it} went away in the middle of the call, and may have carried it out. ${ask}`
        : `${it} is not available. ${ask}`
    case 'refused':
      return answer.status === TOO_MANY_REQUESTS
        ? `${it} wants fewer calls. Try again later, or ask the operator about request ${requestId}.`
        : `${it} refused the call. ${ask}`
    case 'busy':
      return `${it} has as many calls as it may have. Try again later, or ask the operator about request ${requestId}.`
    case 'timeout':
      return `${it} took too long, and may still carry the call out. ${ask}`
    case 'too_large':
      return `${it} answered with more than is passed on. Ask it for less, or ask the operator about request ${requestId}.`
    case 'cancelled':
      return `The call to the upstream "${upstream}" was cancelled (request ${requestId}).`
    case 'garbage':
      return `${it} gave an answer that cannot be understood. ${ask}`
    case 'no_secret':
      return `${it} needs "${answer.secret}" of yours, which is not there. Set it on your account page; for a service the operator does, with: npx sallyport vault set ${upstream} ${answer.secret} --for service:NAME (request ${requestId}).`
    case 'asks':
      return `${it} asks for something that it cannot be given here (${methodWords(answer.method)}). ${ask}`
    case 'withheld':
      return `The answer of the upstream "${upstream}" is withheld: it holds what the operator's rules for results refuse. ${ask}`
  }
}

/** RFC 6585, section 4. */
const TOO_MANY_REQUESTS = 429

/** Only names that we know: others are the upstream's text. */
function methodWords(method: string): string {
  return isClientMethod(method) ? method : 'no request of the protocol'
}
