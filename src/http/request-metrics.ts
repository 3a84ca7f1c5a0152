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
  const { requests, shadow } = counters(registry)
  const { authentication, guard, run } = durations(registry)
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

interface Counters {
  readonly requests: Counter<'method' | 'door' | 'decision' | 'reason'>
  readonly shadow: Counter<'rule'>
}

function counters(registry: Registry): Counters {
  const registers = [registry]
  return {
    requests: new Counter({
      name: 'sallyport_requests_total',
      help: 'MCP messages of authenticated callers, by method, door, decision of the policy and its reason.',
      labelNames: ['method', 'door', 'decision', 'reason'],
      registers,
    }),
    shadow: new Counter({
      name: 'sallyport_shadow_matches_total',
      help: 'Calls that a rule in shadow mode would have decided otherwise.',
      labelNames: ['rule'],
      registers,
    }),
  }
}

interface Durations {
  readonly authentication: Histogram<'door' | 'outcome'>
  readonly guard: Histogram<'step'>
  readonly run: Histogram<'method' | 'outcome'>
}

function durations(registry: Registry): Durations {
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
  ): Histogram<Label> => new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [registry] })
  return {
    authentication: histogram(
      'sallyport_authentication_duration_seconds',
      'How long it took to know who calls, or that nobody does (hop 3 of a request).',
      ['door', 'outcome'],
    ),
    guard: histogram(
      'sallyport_guard_duration_seconds',
      'How long the policy took to decide, and what was decided to be on record (hop 5 of a request).',
      ['step'],
    ),
    run: histogram(
      'sallyport_run_duration_seconds',
      'How long what was allowed ran (hop 7 of a request), by method and outcome.',
      ['method', 'outcome'],
    ),
  }
}
