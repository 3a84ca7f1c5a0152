import type { Implementation } from '@modelcontextprotocol/server'
import type { Clock } from './auth/clock.ts'
import type { SessionKeys } from './auth/session-keys.ts'
import type { Confirmations } from './mcp/confirmations.ts'
import { elicitConfirmation } from './mcp/elicit-confirmation.ts'
import { createEndpoint, type McpEndpoint } from './mcp/endpoint.ts'
import { createGuard } from './mcp/guard.ts'
import { exceptionLog } from './exception-log.ts'
import { rejectionKind } from './rejection-kind.ts'
import { serverCatalogSource } from './server-catalog.ts'
import type { SallyportOptions } from './server-options.ts'
import { storeLimiter } from './store-limiter.ts'
import { VERSION } from './version.ts'

const SERVER_INFO: Implementation = { name: 'sallyport', version: VERSION }

/** The MCP route of a server: its catalog behind its guard. */
export function serverEndpoint(
  options: SallyportOptions,
  now: Clock,
  confirmations: Confirmations,
  keys: SessionKeys,
): McpEndpoint {
  const onException = exceptionLog(options.log, now)
  const guard = createGuard({
    policy: options.policy,
    audit: options.audit,
    ...(options.recordArguments === undefined ? {} : { recordArguments: options.recordArguments }),
    limiter: storeLimiter(options.store.rateLimits, now),
    confirmations,
    now,
    onException,
  })
  return createEndpoint({
    catalog: serverCatalogSource(options.store.notes, options.catalog, options.upstreams, now),
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    guard,
    wayForward: elicitConfirmation({ confirmations }),
    stateKeys: keys.requestState,
    serverInfo: SERVER_INFO,
    limits: options.limits,
    now,
    onException,
    onRejected: (error) =>
      options.log.debug({ kind: rejectionKind(error) }, 'the protocol layer refused a message'),
  })
}
