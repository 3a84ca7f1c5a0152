import type { Implementation } from '@modelcontextprotocol/server'
import { patternsOf } from './access/permission.ts'
import type { Clock } from './auth/clock.ts'
import { createCatalog, type Catalog } from './mcp/catalog.ts'
import { createEndpoint, type McpEndpoint } from './mcp/endpoint.ts'
import { createGuard } from './mcp/guard.ts'
import { exceptionLog } from './exception-log.ts'
import type { SallyportOptions } from './server-options.ts'
import { notePrompt, noteResource, noteTools } from './tools/notes.ts'
import { timeNow } from './tools/time.ts'
import { whoami } from './tools/whoami.ts'
import { VERSION } from './version.ts'

/** What each principal may keep in notes. */
const NOTE_QUOTA = { notes: 100, bytes: 1024 * 1024 }
const SERVER_INFO: Implementation = { name: 'sallyport', version: VERSION }

/** The MCP route of a server: its catalog behind its guard. */
export function serverEndpoint(options: SallyportOptions, now: Clock): McpEndpoint {
  const onException = exceptionLog(options.log, now)
  const guard = createGuard({ policy: options.policy, audit: options.audit, now, onException })
  return createEndpoint({
    catalog: builtInCatalog(options, now),
    guard,
    serverInfo: SERVER_INFO,
    limits: options.limits,
    now,
    onException,
    onRejected: (err) => options.log.debug({ err }, 'the protocol layer refused a message'),
  })
}

function builtInCatalog({ store, catalog }: SallyportOptions, now: Clock): Catalog {
  const notes = { store: store.notes, quota: NOTE_QUOTA, now }
  return createCatalog({
    tools: [
      whoami(({ permissions }) => patternsOf(permissions)),
      timeNow(now),
      ...noteTools(notes),
      ...(catalog?.tools ?? []),
    ],
    prompts: [notePrompt(notes), ...(catalog?.prompts ?? [])],
    resources: [noteResource(notes), ...(catalog?.resources ?? [])],
  })
}
