import { pathToFileURL } from 'node:url'
import { SallyportError } from '../errors.ts'
import type { CatalogParts } from '../mcp/catalog.ts'
import type { PromptDefinition } from '../mcp/prompt.ts'
import type { ResourceDefinition } from '../mcp/resource.ts'
import type { ToolDefinition } from '../mcp/tool.ts'

/**
 * Loads modules that export `tools`, `prompts` or `resources`: lists of what `defineTool`, `definePrompt` and
 * `defineResource` made. Their code runs in this process and is trusted.
 *
 * @param paths absolute
 * @throws SallyportError `CATALOG_INVALID` naming the module and what is wrong with it
 */
export async function loadCatalog(paths: readonly string[]): Promise<CatalogParts> {
  const modules = await Promise.all(paths.map(load))
  return {
    tools: modules.flatMap(({ tools = [] }) => tools),
    prompts: modules.flatMap(({ prompts = [] }) => prompts),
    resources: modules.flatMap(({ resources = [] }) => resources),
  }
}

async function load(path: string): Promise<CatalogParts> {
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
    tools: exported(loaded, path, 'tools', isTool),
    prompts: exported(loaded, path, 'prompts', isPrompt),
    resources: exported(loaded, path, 'resources', isResource),
  }
  if (Object.values(parts).every((list) => list.length === 0))
    throw new SallyportError('CATALOG_INVALID', `${path} exports neither tools nor prompts nor resources`)
  return parts
}

function exported<Definition>(
  loaded: unknown,
  path: string,
  name: string,
  isDefinition: (value: unknown) => value is Definition,
): readonly Definition[] {
  const list: unknown = member(loaded, name) ?? []
  if (Array.isArray(list) && list.every(isDefinition)) return list
  const nameless: unknown = Array.isArray(list)
    ? list.find((one) => member(one, 'permission') === undefined)
    : undefined
  if (nameless !== undefined)
    throw new SallyportError(
      'CATALOG_INVALID',
      `${path}: "${String(member(nameless, 'name'))}" in "${name}" says no permission: write the one that it needs, as in permission: 'notes:read'`,
    )
  const maker = `define${name.charAt(0).toUpperCase()}${name.slice(1, -1)}`
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

function hasText(value: unknown, ...names: readonly string[]): boolean {
  return names.every((name) => typeof member(value, name) === 'string')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
