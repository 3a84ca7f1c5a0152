import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { forbidden, internalError } from './guard-errors.ts'
import { askedOf, askingOf, callerOf, done, thrown, askableCall, type Asking } from './guarded-call.ts'
import { deepFreeze } from './freeze.ts'
import type { Asked } from './asked.ts'
import type { ResourceDefinition } from './resource.ts'
import type { Catalog, FoundResource } from './catalog.ts'
import type { Guard } from './guard.ts'
import { nextOf, pageOf } from './page.ts'
import type { Serving } from './serving.ts'
import type { Call } from './tool.ts'

/** Answers `resources/list`, `resources/templates/list` and `resources/read`. */
export function serveResources(server: Server, serving: Serving): void {
  const { catalog, visible } = serving
  server.setRequestHandler('resources/list', async ({ params }, context) => {
    const page = pageOf(await listedFor(serving, context), ({ uri }) => uri, params?.cursor)
    return { resources: page.entries, ...nextOf(page) }
  })
  server.setRequestHandler('resources/templates/list', ({ params }, context) => {
    const page = pageOf(visible.templates(callerOf(serving, context)), ({ name }) => name, params?.cursor)
    return { resourceTemplates: page.entries, ...nextOf(page) }
  })
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const { uri } = params
    const found = catalog.current().resource(uri)
    return askableCall<ReadResourceResult>(serving, context, {
      asked: askedOf('resource', 'resources/read', found?.uri ?? uri, found?.definition),
      args: deepFreeze(found?.variables ?? {}),
      unknown: () => unknownResource(uri),
      failed: internalError,
      told: forbidden,
      undeliverable: thrown,
      run: async (call) => found && done(await readAs(found, call)),
    })
  })
}

async function readAs({ definition, uri, variables, asked }: FoundResource, call: Call) {
  return definition.read(uri, variables, call, asked)
}

/** The answer for a resource, or a family of them, that does not exist. */
export function unknownResource(uri: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
}

async function listedFor(serving: Serving, context: ServerContext): Promise<readonly Resource[]> {
  const asking = askingOf(serving, context)
  try {
    return await resourcesFor(serving, asking)
  } catch (error) {
    serving.onException(asking.caller.requestId, error)
    return internalError(asking.caller.requestId)
  }
}

/** Of every family of which the caller may see some, those that it may, each once, in the order of their URIs. */
async function resourcesFor(serving: Serving, asking: Asking): Promise<readonly Resource[]> {
  const { guard } = serving
  const catalog = serving.catalog.current()
  const families = catalog.resources.filter(
    (family) => guard.foresee(asking.caller, familyAsked(family)) !== 'deny',
  )
  const lists = await Promise.all(
    families.map(async (family) => {
      const resources = await family.list(asking.call)
      return resources.filter(({ uri }) => isListed(guard, catalog, asking, family, uri))
    }),
  )
  const byUri = new Map(lists.flat().map((resource) => [resource.uri, resource]))
  return [...byUri.values()].toSorted((one, other) => (one.uri < other.uri ? -1 : 1))
}

/**
 * Fails closed: what could not be read under this URI, or only of another family, is not listed. The families of one
 * upstream list for each other, and the family that it is of decides.
 */
function isListed(
  guard: Guard,
  catalog: Catalog,
  { caller }: Asking,
  family: ResourceDefinition,
  uri: string,
): boolean {
  const found = catalog.resource(uri)
  if (found === undefined) return false
  const { definition, variables, uri: own } = found
  const isTheirs =
    definition === family || (family.upstream !== undefined && definition.upstream === family.upstream)
  const asked = askedOf('resource', 'resources/list', own, definition)
  return isTheirs && guard.foresee(caller, asked, variables) !== 'deny'
}

/** A whole family, of which some may be allowed and others not. */
function familyAsked(family: ResourceDefinition): Asked {
  return { ...askedOf('resource', 'resources/list', family.uriTemplate, family), isFamily: true }
}
