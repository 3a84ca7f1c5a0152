import type { Implementation } from '@modelcontextprotocol/server'
import type { Catalog } from './catalog.ts'
import type { Caller, CallerCarrier } from './caller.ts'
import type { Guard } from './guard.ts'

/** What serving one protocol server takes. */
export interface Serving {
  readonly catalog: Catalog
  readonly guard: Guard
  readonly carrier: CallerCarrier
  readonly serverInfo: Implementation
  readonly instructions?: string
  /** Told of exceptions outside a guarded call, with the request id, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
  /** Told when the decision on a call could not be recorded, so that the answer becomes 503. */
  readonly onUnavailable: (caller: Caller, error: unknown) => void
}
