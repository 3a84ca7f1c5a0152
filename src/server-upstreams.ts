import type { UpstreamMetrics } from './http/upstream-metrics.ts'
import type { Upstreams } from './mcp/upstreams/upstreams.ts'

/** Counts what becomes of calls to upstreams, and shows how they are. @returns what ends that */
export function observeUpstreams(upstreams: Upstreams, metrics: UpstreamMetrics): () => void {
  metrics.watch(() => upstreams.status())
  return upstreams.observe((event) => {
    if (event.kind === 'called') metrics.called(event.upstream, event.method, event.answer, event.durationMs)
  })
}
