import type { AuthInfo } from '@modelcontextprotocol/server'
import type { AuthContext } from '../auth/context.ts'
import type { GuardObserver } from './guard-observer.ts'

/** W3C Trace Context, well-formed, to be handed on with what a request brings about. */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** Who makes one request, as it travels through the SDK. */
export interface Caller {
  readonly context: AuthContext
  readonly requestId: string
  /** W3C trace id of the request, 32 hex digits; absent where there is none. */
  readonly trace?: string
  /** What is handed on of that trace; absent where there is none. */
  readonly traceContext?: TraceContext
  /** Told how the guarded calls of this request went. */
  readonly observe?: GuardObserver
}

/** A caller, and what is aborted when its connection goes away or its credential ends before the answer is complete. */
export interface CarriedCaller extends Caller {
  readonly signal: AbortSignal
}

/** Carries callers through the SDK's `AuthInfo`. A forged `AuthInfo` carries nothing. */
export interface CallerCarrier {
  wrap(caller: CarriedCaller): AuthInfo
  /** Fails closed: throws for an `AuthInfo` that was not made here, so that no handler runs without a caller. */
  unwrap(authInfo: AuthInfo | undefined): CarriedCaller
}

/** The SDK hands handlers the exact object that it was given, so a weak map is enough and no field has to be believed. */
export function callerCarrier(): CallerCarrier {
  const callers = new WeakMap<AuthInfo, CarriedCaller>()
  return {
    wrap(caller) {
      // `token` is required by the SDK's type; no credential travels past authentication.
      const authInfo: AuthInfo = { token: '', clientId: caller.context.principal.id, scopes: [] }
      callers.set(authInfo, caller)
      return authInfo
    },
    unwrap(authInfo) {
      const caller = authInfo && callers.get(authInfo)
      if (caller === undefined) throw new Error('a message arrived without an authenticated caller')
      return caller
    },
  }
}
