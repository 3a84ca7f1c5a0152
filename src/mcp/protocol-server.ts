import { Server } from '@modelcontextprotocol/server'
import type { Era } from './methods.ts'
import type { Caller } from './caller.ts'
import { PRIVATE } from './private-lists.ts'
import { serveCompletion } from './serve-completion.ts'
import { serveLogging } from './serve-logging.ts'
import { servePrompts } from './serve-prompts.ts'
import { serveResources } from './serve-resources.ts'
import { serveSubscriptions } from './serve-subscriptions.ts'
import { serveTools } from './serve-tools.ts'
import { servedOnly } from './served-only.ts'
import type { Serving, ServingOptions } from './serving.ts'
import type { Subscription } from './subscriptions.ts'

/**
 * A protocol server whose every answer goes through the guard. The low-level `Server` of the SDK, since the
 * high-level one answers unknown names itself, and such a call would never be decided or recorded.
 *
 * A name that may not be used and a name that does not exist get the same answer.
 *
 * @param caller of the request, or of the one that opened the session
 * @param subscription of a session, which is what a 2025-era client has
 */
export function protocolServer(options: ServingOptions, caller: Caller, subscription?: Subscription): Server {
  const { instructions } = options
  const told = typeof instructions === 'function' ? instructions(caller) : instructions
  const server = new Server(options.serverInfo, {
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      completions: {},
      logging: {},
    },
    ...(told === undefined ? {} : { instructions: told }),
    cacheHints: {
      'tools/list': PRIVATE,
      'prompts/list': PRIVATE,
      'resources/list': PRIVATE,
      'resources/templates/list': PRIVATE,
      'resources/read': PRIVATE,
    },
  })
  const session = subscription === undefined ? undefined : serveLogging(server)
  const serving: Serving = { ...options, capabilities: () => server.getClientCapabilities(), session }
  serveTools(server, serving)
  servePrompts(server, serving)
  serveResources(server, serving)
  serveCompletion(server, serving)
  if (subscription !== undefined) serveSubscriptions(server, serving, subscription)
  const era: Era = subscription === undefined ? '2026-07-28' : '2025-11-25'
  return servedOnly(server, era)
}
