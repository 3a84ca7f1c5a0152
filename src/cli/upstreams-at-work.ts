import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { Upstreams } from '../mcp/upstreams/upstreams.ts'
import { wantedSecrets } from '../mcp/upstreams/wanted-secrets.ts'
import type { WantedByUpstream } from '../server-options.ts'

/** Kinds of problems: an upstream that is down or was never pinned, or definitions that are quarantined. */
export function upstreamProblems(upstreams: Pick<Upstreams, 'status'>): readonly 'upstreams'[] {
  const hasProblem = upstreams
    .status()
    .some(({ state, isPinned, quarantined }) => state === 'down' || !isPinned || quarantined.length > 0)
  return hasProblem ? ['upstreams'] : []
}

/** What upstreams want of each principal, and the permissions that anything of them needs. */
export function wantedByUpstreams(
  options: readonly UpstreamOptions[],
  upstreams: Pick<Upstreams, 'parts'>,
): readonly WantedByUpstream[] {
  const wanted = options.map(wantedSecrets).filter(({ names }) => names.length > 0)
  if (wanted.length === 0) return []
  const { tools = [], prompts = [], resources = [] } = upstreams.parts()
  const things = [...tools, ...prompts, ...resources]
  return wanted.map(({ upstream: name, audience, names }) => ({
    upstream: name,
    audience,
    names,
    permissions: [
      ...new Set(things.flatMap(({ upstream, permission }) => (upstream === name ? [permission] : []))),
    ],
  }))
}
