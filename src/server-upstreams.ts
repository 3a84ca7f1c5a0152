import type { UpstreamMetrics } from './http/upstream-metrics.ts'
import type { Upstreams } from './mcp/upstreams/upstreams.ts'

/** Counts what happens to upstreams. @returns what ends that */
export function observeUpstreams(upstreams: Upstreams, metrics: UpstreamMetrics): () => void {
  metrics.watch(() => upstreams.status())
  return upstreams.observe((event) => {
    switch (event.kind) {
      case 'up':
      case 'down':
        return metrics.changed(event.upstream, event.kind)
      case 'quarantined':
        return metrics.quarantined(event.upstream, event.definition.reason)
      case 'called':
        return metrics.called(event.upstream, event.method, event.answer, event.durationMs)
      case 'released':
      case 'pinned':
      case 'line':
        return undefined
    }
  })
}
