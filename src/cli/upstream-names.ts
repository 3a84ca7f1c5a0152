import { SallyportError } from '../errors.ts'
import { ADMINISTRATOR_PERMISSIONS } from '../login/administrator-permissions.ts'
import type { Catalog } from '../mcp/catalog.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'

/**
 * Sees to it that no upstream is called as something that is there already: the area of its permissions, the beginning of
 * its name, or another upstream. Whoever was allowed `notes:*` was not asked about an upstream "notes".
 *
 * @throws SallyportError `CONFIGURATION_INVALID`
 */
export function assertUpstreamNames(
  options: readonly UpstreamOptions[],
  { tools, prompts, resources }: Catalog,
): void {
  const things = [...tools, ...prompts, ...resources]
  const areas = new Map<string, string>([
    ...ADMINISTRATOR_PERMISSIONS.map((permission) => [prefixOf(permission, ':'), permission] as const),
    ...things.flatMap(({ name, permission }) =>
      permission === 'authenticated' ? [] : [[prefixOf(permission, ':'), name] as const],
    ),
  ])
  const taken = new Map([...things.map(({ name }) => [prefixOf(name, '_'), name] as const), ...areas])
  const faults = options.flatMap(({ name }, index) => {
    const owner = taken.get(name)
    const help = 'give the upstream another name'
    if (owner !== undefined)
      return [`upstreams.${name}: "${name}" is the name of an area here already, that of "${owner}": ${help}`]
    const isTwice = options.slice(0, index).some((other) => other.name === name)
    return isTwice ? [`upstreams.${name}: there is another upstream "${name}": ${help}`] : []
  })
  const names = new Map(options.map(({ name }) => [name, `the upstream "${name}"`]))
  faults.push(...options.flatMap((one) => areaFaults(one, new Map([...areas, ...names]))))
  const bare = options.filter(({ prefix }) => !prefix).map(({ name }) => name)
  if (bare.length > 1)
    faults.push(`upstreams.${bare[1]}: "${bare[0]}" keeps its own names already: only one upstream may`)
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
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
          `upstreams.${name}: "${permission}" would let the names of its tools be permissions of ${owner}: take another area, or write the permission without {tool}`,
        ]
  })
}

function prefixOf(text: string, separator: string): string {
  return text.split(separator, 1)[0] ?? text
}
