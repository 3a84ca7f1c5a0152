import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  type Server,
} from '@modelcontextprotocol/server'
import { describeTemplate } from './describe.ts'
import { askedOf, askingOf, done, guardedCall, internalError, type Asking } from './guarded-call.ts'
import { deepFreeze } from './freeze.ts'
import type { ResourceDefinition } from './resource.ts'
import type { Serving } from './serving.ts'

/** Answers `resources/list`, `resources/templates/list` and `resources/read`. */
export function serveResources(server: Server, serving: Serving): void {
  const { catalog, guard } = serving
  server.setRequestHandler('resources/list', async (_request, context) => {
    const asking = askingOf(serving, context)
    const { caller } = asking
    const visible = catalog.resources.filter((resource) =>
      guard.sees(caller, askedOf('resource', 'resources/list', resource.uriTemplate, resource)),
    )
    try {
      const lists = await Promise.all(visible.map(async (resource) => listed(serving, resource, asking)))
      return { resources: lists.flat() }
    } catch (error) {
      serving.onException(caller.requestId, error)
      return internalError(caller.requestId)
    }
  })
  server.setRequestHandler('resources/templates/list', (_request, context) => {
    const { caller } = askingOf(serving, context)
    const visible = catalog.resources.filter((resource) =>
      guard.sees(caller, askedOf('resource', 'resources/templates/list', resource.uriTemplate, resource)),
    )
    return { resourceTemplates: visible.map(describeTemplate) }
  })
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const { uri } = params
    const found = catalog.resource(uri)
    const asked = askedOf('resource', 'resources/read', uri, found?.definition)
    const unknown = new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
    return guardedCall<ReadResourceResult>(
      serving,
      context,
      asked,
      deepFreeze(found?.variables ?? {}),
      unknown,
      internalError,
      async (call) =>
        found === undefined ? undefined : done(await found.definition.read(uri, found.variables, call)),
    )
  })
}

async function listed(
  { guard }: Serving,
  definition: ResourceDefinition,
  { caller, call }: Asking,
): Promise<readonly Resource[]> {
  const resources = await definition.list(call)
  return resources.filter(({ uri }) =>
    guard.sees(caller, askedOf('resource', 'resources/list', uri, definition)),
  )
}
