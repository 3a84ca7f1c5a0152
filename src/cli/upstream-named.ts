import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { wantedSecrets, type WantedSecrets } from '../mcp/upstreams/wanted-secrets.ts'
import { nearest } from '../nearest.ts'
import { upstreamOptions } from './upstream-options.ts'
import { visible } from './visible.ts'

/**
 * What the upstream of this name wants of each principal. Nothing of other upstreams is read: their variables and files
 * need not be at hand.
 *
 * @throws SallyportError `NOT_FOUND` if there is none, or it does not ask for a key of this name; `CONFIGURATION_INVALID`
 */
export function wantedByUpstream(config: Config, upstream: string, name: string): WantedSecrets {
  const all = config.upstreams()
  const [options] = upstreamOptions({
    audit: config.audit,
    upstreams: () => all.filter((one) => one.name === upstream),
  })
  if (options === undefined)
    throw notFound(
      'upstream',
      upstream,
      all.map((one) => one.name),
    )
  const wanted = wantedSecrets(options)
  if (wanted.names.length === 0)
    throw new SallyportError(
      'NOT_FOUND',
      `the upstream "${upstream}" asks for no key: write \${user:NAME} into its headers or env in sallyport.yaml`,
    )
  if (!wanted.names.includes(name))
    throw notFound(`key of the upstream "${upstream}" called`, name, wanted.names)
  return wanted
}

function notFound(what: string, name: string, names: readonly string[]): SallyportError {
  const near = nearest(name, names)
  const hint = near === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean "${near}"?`
  return new SallyportError('NOT_FOUND', `sallyport.yaml has no ${what} "${visible(name)}"; ${hint}`)
}
