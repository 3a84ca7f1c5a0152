import { SallyportError } from '../errors.ts'
import { ADMINISTRATOR_PERMISSIONS } from '../login/administrator-permissions.ts'
import type { Catalog } from '../mcp/catalog.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'

/** What is wrong with an upstream, in words for the operator. */
export interface UpstreamFault {
  readonly upstream: string
  readonly fault: string
}

/**
 * Sees to it that no upstream is called as something that is there already.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with what {@link upstreamNameFaults} finds
 */
export function assertUpstreamNames(options: readonly UpstreamOptions[], catalog: Catalog): void {
  const faults = upstreamNameFaults(options, catalog)
  if (faults.length > 0)
    throw new SallyportError('CONFIGURATION_INVALID', faults.map(({ fault }) => fault).join('\n'))
}

/**
 * Which upstreams are called as something that is there already: the area of its permissions, the beginning of its name,
 * or another upstream. Whoever was allowed `notes:*` was not asked about an upstream "notes".
 */
export function upstreamNameFaults(
  options: readonly UpstreamOptions[],
  { tools, prompts, resources }: Catalog,
): readonly UpstreamFault[] {
  const things = [...tools, ...prompts, ...resources]
  const areas = new Map<string, string>([
    ...ADMINISTRATOR_PERMISSIONS.map((permission) => [prefixOf(permission, ':'), permission] as const),
    ...things.flatMap(({ name, permission }) =>
      permission === 'authenticated' ? [] : [[prefixOf(permission, ':'), name] as const],
    ),
  ])
  const taken = new Map([...things.map(({ name }) => [prefixOf(name, '_'), name] as const), ...areas])
  const names = new Map(options.map(({ name }) => [name, `the upstream "${name}"`]))
  const others = new Map([...areas, ...names])
  const bare = options.filter(({ prefix }) => !prefix).map(({ name }) => name)
  return options.flatMap((one, index) => {
    const isTwice = options.slice(0, index).some(({ name }) => name === one.name)
    const faults = [
      ...nameFaults(one.name, taken.get(one.name), isTwice),
      ...areaFaults(one, others),
      ...(one.name === bare[1] ? [`"${bare[0]}" keeps its own names already: only one upstream may`] : []),
    ]
    return faults.map((fault) => ({ upstream: one.name, fault: `upstreams.${one.name}: ${fault}` }))
  })
}

function nameFaults(name: string, owner: string | undefined, isTwice: boolean): readonly string[] {
  const help = 'give the upstream another name'
  if (owner !== undefined)
    return [`"${name}" is the name of an area here already, that of "${owner}": ${help}`]
  return isTwice ? [`there is another upstream "${name}": ${help}`] : []
}

/** Whose tools choose their verbs by their names has them in an area of its own: one called "end" must not be `sessions:end`. */
function areaFaults(
  { name, permissions }: UpstreamOptions,
  areas: ReadonlyMap<string, string>,
): readonly string[] {
  return permissions.flatMap(({ permission }) => {
    const area = prefixOf(permission, ':')
    const owner = area === name || !permission.includes('{tool}') ? undefined : areas.get(area)
    return owner === undefined
      ? []
      : [
          `"${permission}" would let the names of its tools be permissions of ${owner}: take another area, or write the permission without {tool}`,
        ]
  })
}

function prefixOf(text: string, separator: string): string {
  return text.split(separator, 1)[0] ?? text
}
