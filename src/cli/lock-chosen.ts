import { SallyportError } from '../errors.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { nearest } from '../nearest.ts'
import { visibleLine } from './visible.ts'

/**
 * The upstreams of these names, in the order of the configuration; all of them for no name.
 *
 * @throws SallyportError `NOT_FOUND` for a name that none has
 */
export function chosenUpstreams(
  all: readonly UpstreamOptions[],
  wanted: readonly string[],
): readonly UpstreamOptions[] {
  const names = all.map(({ name }) => name)
  const unknown = wanted.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `there is no upstream "${visibleLine(unknown)}" in sallyport.yaml: ${helpFor(unknown, names)}`,
    )
  return wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name))
}

function helpFor(unknown: string, names: readonly string[]): string {
  const meant = nearest(unknown, names)
  if (meant !== undefined) return `did you mean "${meant}"?`
  return names.length === 0 ? 'its section "upstreams" has none' : `there are ${names.join(', ')}`
}
