import { SallyportError } from '../errors.ts'
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
  const taken = new Map(
    things.flatMap(({ name, permission }) =>
      [prefixOf(name, '_'), ...(permission === 'authenticated' ? [] : [prefixOf(permission, ':')])].map(
        (word) => [word, name] as const,
      ),
    ),
  )
  const faults = options.flatMap(({ name }, index) => {
    const owner = taken.get(name)
    const help = 'give the upstream another name'
    if (owner !== undefined)
      return [`upstreams.${name}: "${name}" is of "${owner}", which is there already: ${help}`]
    const isTwice = options.slice(0, index).some((other) => other.name === name)
    return isTwice ? [`upstreams.${name}: there is another upstream "${name}": ${help}`] : []
  })
  const bare = options.filter(({ prefix }) => !prefix).map(({ name }) => name)
  if (bare.length > 1)
    faults.push(`upstreams.${bare[1]}: "${bare[0]}" keeps its own names already: only one upstream may`)
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
}

function prefixOf(text: string, separator: string): string {
  return text.split(separator, 1)[0] ?? text
}
