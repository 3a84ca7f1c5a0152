import { Counter, Gauge, type Registry } from 'prom-client'
import type { RefusalLayer } from '../audit/event.ts'
import type { RefusalReason } from '../auth/authenticator.ts'

/** The doors of a server, as metrics and traces call them. */
export type DoorName = 'certificates' | 'people' | 'proxied'

/** What is counted at one door. */
export interface DoorMetrics {
  /** A handshake succeeded. Returns what is to be called when that connection is closed. */
  connected(): () => void
  /** A handshake or a request was refused. */
  refused(layer: RefusalLayer, reason: RefusalReason): void
  /** Somebody who is known waits for an answer. Returns what is to be called when nobody does any more. */
  requested(): () => void
  /** The answer is a stream. Returns what is to be called when that is over. */
  streaming(): () => void
}

/** Makes the metrics of connections, for any door. */
export function doorMetrics(registry: Registry): (door: DoorName) => DoorMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string): Gauge<'door'> =>
    new Gauge({ name, help, labelNames: ['door'], registers })
  const handshakes = new Counter({
    name: 'sallyport_handshakes_total',
    help: 'TLS handshakes, accepted and refused.',
    labelNames: ['door', 'outcome'],
    registers,
  })
  const refusals = new Counter({
    name: 'sallyport_refusals_total',
    help: 'Handshakes (layer "tls") and requests (layer "http") that were refused, by reason.',
    labelNames: ['door', 'layer', 'reason'],
    registers,
  })
  const connections = gauge('sallyport_connections_open', 'TLS connections that are open.')
  const requests = gauge(
    'sallyport_requests_in_flight',
    'MCP requests of known callers that are not answered yet.',
  )
  const streams = gauge('sallyport_streams_open', 'Answers to MCP requests that are streams and not over.')
  return (door) => {
    const opening = (open: Gauge.Internal<'door'>): (() => () => void) => {
      open.set(0)
      return () => {
        open.inc()
        return () => open.dec()
      }
    }
    const accepted = handshakes.labels(door, 'accepted')
    const refused = handshakes.labels(door, 'refused')
    const connecting = opening(connections.labels(door))
    return {
      connected() {
        accepted.inc()
        return connecting()
      },
      refused(layer, reason) {
        if (layer === 'tls') refused.inc()
        refusals.inc({ door, layer, reason })
      },
      requested: opening(requests.labels(door)),
      streaming: opening(streams.labels(door)),
    }
  }
}
