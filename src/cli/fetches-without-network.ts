import type { UpstreamOptions } from '../mcp/upstreams/options.ts'

/** Whether an upstream is started by what loads its program first, where there is nothing that it could load it from. */
export function fetchesWithoutNetwork({ transport }: UpstreamOptions): boolean {
  if (transport.kind !== 'stdio' || transport.isolation.kind !== 'bubblewrap') return false
  return !transport.isolation.network && /(?:^|\/)(?:npx|uvx|pnpx|bunx)$/.test(transport.command)
}
