import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  type Server,
} from '@modelcontextprotocol/server'
import {
  askedOf,
  askingOf,
  callerOf,
  done,
  forbidden,
  thrown,
  askableCall,
  internalError,
  type Asking,
} from './guarded-call.ts'
import { deepFreeze } from './freeze.ts'
import type { Asked } from './asked.ts'
import type { ResourceDefinition } from './resource.ts'
import type { Serving } from './serving.ts'

/** Answers `resources/list`, `resources/templates/list` and `resources/read`. */
export function serveResources(server: Server, serving: Serving): void {
  const { catalog, visible } = serving
  server.setRequestHandler('resources/list', async (_request, context) => {
    const asking = askingOf(serving, context)
    try {
      return { resources: await resourcesFor(serving, asking) }
    } catch (error) {
      serving.onException(asking.caller.requestId, error)
      return internalError(asking.caller.requestId)
    }
  })
  server.setRequestHandler('resources/templates/list', (_request, context) => ({
    resourceTemplates: [...visible.templates(callerOf(serving, context))],
  }))
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const { uri } = params
    const found = catalog.resource(uri)
    return askableCall<ReadResourceResult>(serving, context, {
      asked: askedOf('resource', 'resources/read', found?.uri ?? uri, found?.definition),
      args: deepFreeze(found?.variables ?? {}),
      unknown: unknownResource(uri),
      failed: internalError,
      told: forbidden,
      undeliverable: thrown,
      run: async (call) =>
        found === undefined ? undefined : done(await found.definition.read(found.uri, found.variables, call)),
    })
  })
}

/** The answer for a resource, or a family of them, that does not exist. */
export function unknownResource(uri: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
}

/** Of every family of which the caller may see some, those that it may. */
async function resourcesFor(serving: Serving, asking: Asking): Promise<Resource[]> {
  const { catalog, guard } = serving
  const families = catalog.resources.filter(
    (family) => guard.foresee(asking.caller, familyAsked(family)) !== 'deny',
  )
  const lists = await Promise.all(
    families.map(async (family) => {
      const resources = await family.list(asking.call)
      return resources.filter(({ uri }) => isListed(serving, asking, family, uri))
    }),
  )
  return lists.flat()
}

/** Fails closed: what could not be read under this URI, or only of another family, is not listed. */
function isListed(
  { catalog, guard }: Serving,
  { caller }: Asking,
  family: ResourceDefinition,
  uri: string,
): boolean {
  const found = catalog.resource(uri)
  return (
    found?.definition === family &&
    guard.foresee(caller, askedOf('resource', 'resources/list', found.uri, family), found.variables) !==
      'deny'
  )
}

/** A whole family, of which some may be allowed and others not. */
function familyAsked(family: ResourceDefinition): Asked {
  return { ...askedOf('resource', 'resources/list', family.uriTemplate, family), isFamily: true }
}
