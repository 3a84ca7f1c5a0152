import { Counter, Histogram, type Registry } from 'prom-client'
import type { GuardedCallSeen } from '../mcp/endpoint.ts'
import { BUCKETS } from './buckets.ts'
import type { DoorName } from './door-metrics.ts'

/** What is counted and timed of the MCP requests of one door: hops 3, 5 and 7 of a request. Durations in ms. */
export interface RequestMetrics {
  authenticated(outcome: 'context' | 'refused', duration: number): void
  /** A call that the policy decided. */
  called(call: GuardedCallSeen): void
  /** A message that asks for no decision of its own. */
  undecided(method: string): void
}

/**
 * Makes the metrics of requests, for any door. Labels are methods, doors, decisions and reasons, closed lists all; and the
 * names of rules in shadow mode, of which there are as many as the policy has.
 */
export function requestMetrics(registry: Registry): (door: DoorName) => RequestMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'sallyport_requests_total',
    help: 'MCP messages of authenticated callers, by method, door, decision of the policy and its reason.',
    labelNames: ['method', 'door', 'decision', 'reason'],
    registers,
  })
  const authentication = new Histogram({
    name: 'sallyport_authentication_duration_seconds',
    help: 'How long it took to know who calls, or that nobody does (hop 3 of a request).',
    labelNames: ['door', 'outcome'],
    buckets: BUCKETS,
    registers,
  })
  const guard = new Histogram({
    name: 'sallyport_guard_duration_seconds',
    help: 'How long the policy took to decide, and what was decided to be on record (hop 5 of a request).',
    labelNames: ['step'],
    buckets: BUCKETS,
    registers,
  })
  const run = new Histogram({
    name: 'sallyport_run_duration_seconds',
    help: 'How long what was allowed ran (hop 7 of a request), by method and outcome.',
    labelNames: ['method', 'outcome'],
    buckets: BUCKETS,
    registers,
  })
  const shadow = new Counter({
    name: 'sallyport_shadow_matches_total',
    help: 'Calls that a rule in shadow mode would have decided otherwise.',
    labelNames: ['rule'],
    registers,
  })
  const decide = guard.labels('decide')
  const record = guard.labels('record')
  return (door) => {
    const known = {
      context: authentication.labels(door, 'identified'),
      refused: authentication.labels(door, 'refused'),
    }
    return {
      authenticated: (outcome, duration) => known[outcome].observe(duration / 1000),
      called(call) {
        const { action, decision, reason, startedAt, decidedAt, recordedAt, finishedAt, outcome } = call
        requests.inc({ method: action, door, decision, reason: reason ?? 'none' })
        decide.observe((decidedAt - startedAt) / 1000)
        record.observe((recordedAt - decidedAt) / 1000)
        if (finishedAt !== null && outcome !== null)
          run.observe({ method: action, outcome }, (finishedAt - recordedAt) / 1000)
        for (const rule of call.shadow) shadow.inc({ rule })
      },
      undecided: (method) => requests.inc({ method, door, decision: 'none', reason: 'none' }),
    }
  }
}
