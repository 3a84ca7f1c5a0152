import { isIPv6 } from 'node:net'
import type { Action } from './access/decision.ts'
import type { Clock } from './auth/clock.ts'
import type { LiveRevocations } from './auth/revocation.ts'
import type { SessionKeys } from './auth/session-keys.ts'
import { exceptionLog } from './exception-log.ts'
import { confirmations } from './login/confirmations.ts'
import type { Confirmations } from './mcp/confirmations.ts'
import { mayApproveBy } from './proofs-of-person.ts'
import type { SallyportOptions } from './server-options.ts'

/** What they share with the rest of the server. */
export interface ConfirmingParts {
  readonly keys: SessionKeys
  readonly now: Clock
  readonly revocations: LiveRevocations
  /** Known once they are open. */
  readonly ports: () => { readonly certificates: number; readonly people: number | undefined } | undefined
}

/** The calls of a server that wait for a second factor or an approval. */
export function serverConfirmations(options: SallyportOptions, parts: ConfirmingParts): Confirmations {
  const { keys, now, revocations, ports } = parts
  const { recordArguments } = options
  return confirmations({
    confirmations: options.store.confirmations,
    keys,
    revocations,
    mayApprove: mayApproveBy(options.policy, now),
    audit: options.audit,
    now,
    onException: exceptionLog(options.log, now),
    origin: () => originOf(options, ports()),
    ...(recordArguments === undefined
      ? {}
      : { recordArguments: ({ action, resource, args }) => recordArguments(kindOf(action), resource, args) }),
  })
}

function kindOf(action: Action): 'tool' | 'prompt' | 'resource' {
  if (action.startsWith('tools/')) return 'tool'
  return action.startsWith('prompts/') ? 'prompt' : 'resource'
}

/** Where browsers reach our pages; `undefined` where no door has them. */
function originOf(
  { publicUrl, hosts: [host = 'localhost'], listeners }: SallyportOptions,
  ports: ReturnType<ConfirmingParts['ports']>,
): string | undefined {
  const hasPages = listeners.people !== undefined || listeners.certificates.clientCertificate === 'optional'
  if (ports === undefined || !hasPages) return undefined
  return publicUrl ?? `https://${isIPv6(host) ? `[${host}]` : host}:${ports.people ?? ports.certificates}`
}
