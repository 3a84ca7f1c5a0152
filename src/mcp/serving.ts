import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/server'
import type { ClientSession } from './calling-client-of.ts'
import type { CatalogSource } from './catalog-source.ts'
import type { Caller, CallerCarrier } from './caller.ts'
import type { WayForwardOf } from './elicit-confirmation.ts'
import type { Guard } from './guard.ts'
import type { SealedStates } from './sealed-state.ts'
import type { Declared } from '../wire/parameters.ts'
import type { ToolDefinition } from './tool.ts'
import type { Visible } from './visible.ts'

/** What a caller is told of the server; `undefined` for nothing. Never throws. */
export type InstructionsOf = (caller: Caller) => string | undefined

/** What serving protocol servers takes. */
export interface ServingOptions {
  readonly catalog: CatalogSource
  readonly visible: Visible
  readonly guard: Guard
  readonly carrier: CallerCarrier
  readonly serverInfo: Implementation
  /** What clients are told of the server: one text, or what each caller may read. */
  readonly instructions?: string | InstructionsOf
  /** How a client is told that its call waits for somebody; absent where no call ever does. */
  readonly wayForward?: WayForwardOf
  /** Seals what a call leaves for its next round. */
  readonly states: SealedStates
  /** Told of exceptions outside a guarded call, with the request id, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
  /** Ms since the epoch. */
  readonly now: () => number
  /** The arguments of a tool that modern clients repeat in headers. */
  readonly repeatedOf: (tool: ToolDefinition) => readonly Declared[]
  /** Told when headers and body of a call disagree, so that the answer becomes 400. */
  readonly onHeaderMismatch: (caller: Caller) => void
  /** Told when a call could be neither judged nor recorded, so that the answer becomes 503. */
  readonly onUnavailable: (caller: Caller, error: unknown) => void
}

/** The same, of one protocol server. */
export interface Serving extends ServingOptions {
  /** What the client declared; it says so itself, and nothing that matters is decided by it. */
  readonly capabilities: () => ClientCapabilities | undefined
  /** The session that it serves; absent where there is none. */
  readonly session: ClientSession | undefined
}
