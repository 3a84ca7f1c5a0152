import { pathToFileURL } from 'node:url'
import { SallyportError } from '../errors.ts'
import type { CatalogParts } from '../mcp/catalog.ts'
import type { PromptDefinition } from '../mcp/prompt.ts'
import type { ResourceDefinition } from '../mcp/resource.ts'
import type { ToolDefinition } from '../mcp/tool.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'

/** What the modules of an installation export together. */
export interface LoadedModules extends CatalogParts {
  /** Whole MCP servers of this process. */
  readonly servers: readonly UpstreamOptions[]
}

/**
 * Loads modules that export `tools`, `prompts`, `resources` or `servers`: lists of what `defineTool`, `definePrompt`,
 * `defineResource` and `protectedServer` made. Their code runs in this process and is trusted.
 *
 * @param paths absolute
 * @throws SallyportError `CATALOG_INVALID` naming the module and what is wrong with it
 */
export async function loadCatalog(paths: readonly string[]): Promise<LoadedModules> {
  const modules = await Promise.all(paths.map(load))
  return {
    tools: modules.flatMap(({ tools = [] }) => tools),
    prompts: modules.flatMap(({ prompts = [] }) => prompts),
    resources: modules.flatMap(({ resources = [] }) => resources),
    servers: modules.flatMap(({ servers }) => servers),
  }
}

async function load(path: string): Promise<LoadedModules> {
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SallyportError(
      'CATALOG_INVALID',
      `${path} cannot be loaded: ${why.split('\n', 1)[0] ?? ''}; check "tools" in sallyport.yaml`,
      {
        cause,
      },
    )
  })
  const parts = {
    tools: exported(loaded, path, 'tools', { maker: 'defineTool', needs: 'permission', is: isTool }),
    prompts: exported(loaded, path, 'prompts', { maker: 'definePrompt', needs: 'permission', is: isPrompt }),
    resources: exported(loaded, path, 'resources', {
      maker: 'defineResource',
      needs: 'permission',
      is: isResource,
    }),
    servers: exported(loaded, path, 'servers', { maker: 'protectedServer', needs: 'name', is: isServer }),
  }
  if (Object.values(parts).every((list) => list.length === 0))
    throw new SallyportError(
      'CATALOG_INVALID',
      `${path} exports neither tools nor prompts nor resources nor servers`,
    )
  return parts
}

/** How a kind of export is made and known. */
interface Kind<Made> {
  readonly maker: string
  /** What each has to say of itself; what a whole server serves gets its permissions from the name. */
  readonly needs: 'permission' | 'name'
  readonly is: (value: unknown) => value is Made
}

function exported<Made>(
  loaded: unknown,
  path: string,
  name: string,
  { maker, needs, is }: Kind<Made>,
): readonly Made[] {
  const list: unknown = member(loaded, name) ?? []
  if (Array.isArray(list) && list.every(is)) return list
  const open: unknown =
    Array.isArray(list) && needs === 'permission'
      ? list.find((one) => member(one, needs) === undefined)
      : undefined
  if (open !== undefined)
    throw new SallyportError(
      'CATALOG_INVALID',
      `${path}: "${String(member(open, 'name'))}" in "${name}" says no permission: write the one that it needs, as in permission: 'notes:read'`,
    )
  throw new SallyportError('CATALOG_INVALID', `${path}: "${name}" must be a list of what ${maker}() made`)
}

function isTool(value: unknown): value is ToolDefinition {
  return hasText(value, 'name', 'permission') && typeof member(value, 'prepare') === 'function'
}

function isPrompt(value: unknown): value is PromptDefinition {
  return hasText(value, 'name', 'permission') && typeof member(value, 'get') === 'function'
}

function isResource(value: unknown): value is ResourceDefinition {
  return hasText(value, 'name', 'permission', 'uriTemplate') && typeof member(value, 'read') === 'function'
}

function isServer(value: unknown): value is UpstreamOptions {
  return hasText(value, 'name') && member(member(value, 'transport'), 'kind') === 'in-process'
}

function hasText(value: unknown, ...names: readonly string[]): boolean {
  return names.every((name) => typeof member(value, name) === 'string')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
