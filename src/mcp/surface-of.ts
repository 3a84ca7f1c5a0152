import type { Surface, SurfaceEntry } from '../access/surface.ts'
import type { Catalog } from './catalog.ts'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import type { ToolDefinition } from './tool.ts'

/** What the access policy may know of a catalog. */
export function surfaceOf({ tools, prompts, resources }: Catalog): Surface {
  return [...tools.map(toolEntry), ...prompts.map(promptEntry), ...resources.map(resourceEntry)]
}

/** Annotations are vouched for: our own, and those of an upstream are of a definition that somebody has approved. */
function toolEntry(tool: ToolDefinition): SurfaceEntry {
  const { name, permission, annotations, inputSchema, upstream = null } = tool
  return { kind: 'tool', name, permission, upstream, annotations: { ...annotations }, inputSchema }
}

function promptEntry(prompt: PromptDefinition): SurfaceEntry {
  const { name, permission, arguments: parameters, upstream = null } = prompt
  const inputSchema = texts(parameters.map((parameter) => parameter.name))
  return { kind: 'prompt', name, permission, upstream, annotations: null, inputSchema }
}

function resourceEntry(family: ResourceDefinition): SurfaceEntry {
  const { uriTemplate, permission, upstream = null } = family
  const inputSchema = texts(variablesOf(uriTemplate))
  return { kind: 'resource', name: uriTemplate, permission, upstream, annotations: null, inputSchema }
}

function texts(names: readonly string[]): SurfaceEntry['inputSchema'] {
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    additionalProperties: false,
  }
}

/** The names in the expressions of a URI template (RFC 6570, 2.3). */
function variablesOf(template: string): readonly string[] {
  return [...template.matchAll(/\{[+#./;?&]?([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((variable) => variable.replace(/[*]|:\d+$/, '')),
  )
}
