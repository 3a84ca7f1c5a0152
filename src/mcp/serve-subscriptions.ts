import type { EmptyResult, ProtocolError, Server } from '@modelcontextprotocol/server'
import type { Caller } from './caller.ts'
import type { CatalogSource } from './catalog-source.ts'
import type { Guard } from './guard.ts'
import { internalError, tooMany } from './guard-errors.ts'
import { askedOf, done, guardedCall } from './guarded-call.ts'
import { unknownResource } from './serve-resources.ts'
import type { Serving } from './serving.ts'
import type { Subscription } from './subscriptions.ts'

/** Whether a caller may be told, now, that a resource has changed: it may watch it, and may know that it is there. */
export function mayBeTold(guard: Guard, catalog: CatalogSource, caller: Caller, uri: string): boolean {
  const found = catalog.current().resource(uri)
  if (found === undefined) return false
  const { definition, variables, uri: own } = found
  const foresee = (action: 'resources/subscribe' | 'resources/read') =>
    guard.foresee(caller, askedOf('resource', action, own, definition), variables)
  return foresee('resources/subscribe') === 'allow' && foresee('resources/read') !== 'deny'
}

/**
 * Answers `resources/subscribe` and `resources/unsubscribe` of one session (MCP 2025-11-25). What may not be watched
 * and what does not exist get the same answer.
 */
export function serveSubscriptions(server: Server, serving: Serving, subscription: Subscription): void {
  const { catalog, guard, carrier } = serving
  server.setRequestHandler('resources/subscribe', async ({ params: { uri } }, context) => {
    const found = catalog.current().resource(uri)
    return guardedCall<EmptyResult>(serving, context, {
      asked: askedOf('resource', 'resources/subscribe', found?.uri ?? uri, found?.definition),
      args: Object.freeze(found?.variables ?? {}),
      unknown: () => unknownResource(uri),
      failed: internalError,
      async run() {
        const caller = carrier.unwrap(context.http?.authInfo)
        if (!mayBeTold(guard, catalog, caller, uri)) return undefined
        return done<EmptyResult | ProtocolError>(
          subscription.add(uri, caller.context) ? {} : tooManyWatched(),
        )
      },
    })
  })
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscription.remove(uri)
    return {}
  })
}

/** The answer to who watches too much. */
export function tooManyWatched(): ProtocolError {
  return tooMany('Too many subscriptions: end one first')
}
