import { createSecretKey, randomBytes } from 'node:crypto'
import type { SealingKeys } from '../../src/auth/mac.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import type { Caller } from '../../src/mcp/caller.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { Policy } from '../../src/access/decision.ts'
import { createCatalog, type CatalogParts } from '../../src/mcp/catalog.ts'
import { fixedCatalog, type CatalogSource } from '../../src/mcp/catalog-source.ts'
import {
  createEndpoint,
  type EndpointOptions,
  type McpAnswer,
  type McpEndpoint,
} from '../../src/mcp/endpoint.ts'
import type { WayForwardOf } from '../../src/mcp/elicit-confirmation.ts'
import { createGuard, type GuardOptions } from '../../src/mcp/guard.ts'
import type { PrincipalLimits } from '../../src/mcp/limits.ts'
import { contextOf } from './caller.ts'
import { policyOf } from './server.ts'

/** The MCP route without the edge before it. */
export interface TestEndpoint {
  readonly endpoint: McpEndpoint
  readonly events: AuditEvent[]
  /** What was reported for the operator's log. */
  readonly problems: unknown[]
  /** Sends a request of a principal that may do everything. */
  send(message: Partial<Message>, principal?: string, context?: Partial<AuthContext>): Sent
}

export interface Message {
  readonly method: string
  readonly headers: Record<string, string>
  /** A promise is a body that is still on its way. */
  readonly body: string | Promise<string>
}

/** A request that was sent. */
export interface Sent {
  readonly answer: Promise<McpAnswer>
  /** Whether the body was read. */
  wasRead(): boolean
  /** The status and the text of the answer, read to its end; or the reason of a refusal. */
  text(): Promise<string>
  /** The client goes away. Resolves when that is known. */
  leave(): Promise<void>
}

/** What a test may set. */
export interface TestEndpointOptions extends CatalogParts {
  readonly limits?: Partial<PrincipalLimits>
  readonly now?: () => number
  readonly policy?: Policy
  readonly stateKeys?: SealingKeys
  /** Instead of the parts. */
  readonly source?: CatalogSource
  readonly guard?: Partial<GuardOptions>
  readonly instructions?: EndpointOptions['instructions']
  readonly wayForward?: WayForwardOf
  /** Makes every record that the function says fail. */
  readonly failAudit?: (event: AuditEvent) => boolean
}

export function testEndpoint(options: TestEndpointOptions = {}): TestEndpoint {
  const events: AuditEvent[] = []
  const problems: unknown[] = []
  const now = options.now ?? Date.now
  const policy = options.policy ?? policyOf()
  const audit = {
    async record(event: AuditEvent) {
      if (options.failAudit?.(event) === true) throw new Error('the disk of the audit trail is full')
      events.push(event)
    },
  }
  const onException = (_requestId: string | undefined, error: unknown) => problems.push(error)
  const endpoint = createEndpoint({
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    catalog: options.source ?? fixedCatalog(createCatalog(options)),
    guard: createGuard({ policy: () => policy, audit, now, onException, ...options.guard }),
    ...(options.wayForward === undefined ? {} : { wayForward: options.wayForward }),
    stateKeys: options.stateKeys ?? [createSecretKey(randomBytes(32))],
    serverInfo: { name: 'test', version: '1' },
    limits: { requestsInFlight: 64, requestsPerMinute: 6000, legacySessions: 32, ...options.limits },
    now,
    onException,
    onRejected: () => undefined,
  })
  return {
    endpoint,
    events,
    problems,
    send: (message, principal = 'service:admin-cli', context = {}) =>
      sent(endpoint, message, { context: contextOf(principal, ['*'], context), requestId: 'request-1' }),
  }
}

async function textOf(given: McpAnswer): Promise<string> {
  if (given.kind === 'refused') return given.reason
  if (given.kind === 'json') return `200 ${given.bytes.toString()}`
  return `${given.response.status} ${await given.response.text()}`
}

function sent(
  endpoint: McpEndpoint,
  { method = 'POST', headers, body }: Partial<Message>,
  caller: Caller,
): Sent {
  const controller = new AbortController()
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  let isRead = false
  const answer = endpoint.handle({
    caller,
    method,
    url: 'https://localhost/mcp',
    headers: new Headers(headers),
    async readBody() {
      isRead = true
      return { kind: 'read', text: await body }
    },
    signal: controller.signal,
    closed,
  })
  return {
    answer,
    wasRead: () => isRead,
    async text() {
      const given = await answer
      const text = await textOf(given)
      resolve()
      await closed
      return text
    },
    async leave() {
      controller.abort()
      const given = await answer.catch(() => undefined)
      if (given?.kind === 'response') await given.response.body?.cancel()
      resolve()
      await closed
    },
  }
}
