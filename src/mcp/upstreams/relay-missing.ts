import type { ClientCapabilities } from '@modelcontextprotocol/server'
import { isRecord, memberOf } from '../record.ts'
import type { AskRules } from './relay-asks.ts'

/**
 * What an upstream says that the client would have to be able to do (the data of an error -32021), as far as it says it
 * of the client: that it was told of less than the client can do, because of what it may not ask, is ours to know.
 *
 * @returns `undefined` where it is not of the client
 */
export function missingOfClient(
  data: unknown,
  { asks, capabilities }: Pick<AskRules, 'asks' | 'capabilities'>,
): ClientCapabilities | undefined {
  const required = memberOf(data, 'requiredCapabilities')
  if (!isRecord(required)) return undefined
  const { elicitation, sampling, roots, ...others } = required
  if (Object.keys(others).length > 0) return undefined
  const missing: ClientCapabilities = {
    ...(elicitation === undefined ? {} : { elicitation: partsOf(elicitation, ['form', 'url']) }),
    ...(sampling === undefined ? {} : { sampling: partsOf(sampling, ['tools', 'context']) }),
    ...(roots === undefined ? {} : { roots: {} }),
  }
  const isOfClient =
    (elicitation === undefined || asks.includes('elicitation/create')) &&
    (sampling === undefined || asks.includes('sampling/createMessage')) &&
    (roots === undefined || (asks.includes('roots/list') && capabilities.roots === undefined))
  return isOfClient && Object.keys(missing).length > 0 ? missing : undefined
}

/** The parts of a capability that the protocol names; all else is the upstream's own. */
function partsOf(capability: unknown, names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(
    names.filter((name) => memberOf(capability, name) !== undefined).map((name) => [name, {}]),
  )
}
