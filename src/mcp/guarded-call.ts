import { ProtocolError, ProtocolErrorCode, type ServerContext } from '@modelcontextprotocol/server'
import type { Arguments } from '../access/decision.ts'
import type { Caller } from './caller.ts'
import type { Asked, Work } from './guard.ts'
import type { Serving } from './serving.ts'
import type { Call } from './tool.ts'

/** Who asks, for the guard, and what the handlers behind it are handed. */
export interface Asking {
  readonly caller: Caller
  readonly call: Call
}

/** Who asks in a message that the SDK hands to a handler. */
export function askingOf({ carrier }: Serving, context: ServerContext): Asking {
  const caller = carrier.unwrap(context.http?.authInfo)
  // The SDK aborts a 2025-era request when its client says so, not when its client goes away.
  const signal = AbortSignal.any([context.mcpReq.signal, caller.signal])
  return { caller, call: { context: caller.context, requestId: caller.requestId, signal } }
}

/** What is asked for, by its definition; without one it does not exist. */
export function askedOf(
  kind: Asked['kind'],
  action: Asked['action'],
  name: string,
  definition: { readonly permission: Asked['needs']; readonly uriTemplate?: string } | undefined,
): Asked {
  return { kind, action, name, entry: definition?.uriTemplate ?? name, needs: definition?.permission }
}

/** One guarded call. `unknown` answers for what is forbidden and for what does not exist; `failed` for what threw. */
export async function guardedCall<Value>(
  serving: Serving,
  context: ServerContext,
  asked: Asked,
  args: Arguments,
  unknown: ProtocolError,
  failed: (requestId: string) => Value,
  run: (call: Call) => Promise<Work<Value | ProtocolError> | undefined>,
): Promise<Value> {
  const { caller, call } = askingOf(serving, context)
  const { guard } = serving
  const result = await guard
    .call<Value | ProtocolError | undefined>(caller, asked, args, async () => {
      // Who was cut off while the decision was put on record gets nothing done any more.
      call.signal.throwIfAborted()
      return (await run(call)) ?? NOTHING
    })
    .catch((error: unknown) => {
      serving.onUnavailable(caller, error)
      return { kind: 'failed' as const }
    })
  if (result.kind === 'failed') return failed(call.requestId)
  if (result.kind === 'denied' || result.value === undefined) throw unknown
  if (result.value instanceof ProtocolError) throw result.value
  return result.value
}

const NOTHING: Work<undefined> = { outcome: 'error', value: undefined }

/** Work that came to a value; without one there is nothing under that name. */
export function done<Value>(value: Value | undefined): Work<Value> | undefined {
  return value === undefined ? undefined : { outcome: 'ok', value }
}

/** An answer of JSON-RPC's `Invalid params`. */
export function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

/** The answer to what threw: a constant text and the request id. */
export function internalError(requestId: string): never {
  throw new ProtocolError(
    ProtocolErrorCode.InternalError,
    `Internal error. Ask the operator about request ${requestId}.`,
  )
}
