import type { AuditSink, AuditEvent } from '../audit/event.ts'
import type { UpstreamEvent } from '../mcp/upstreams/ports.ts'
import { counted } from './counted.ts'
import { visibleLine as visible } from './visible.ts'

/** Where operators read what upstreams say and do. Any pino logger is one. */
export interface UpstreamLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** Characters of a name, and of a reason, on the audit trail. */
const LONGEST_NAME = 256
const LONGEST_WHY = 512
/** So often, in ms, is it put on record that one upstream came up, and that it went down; the log has it every time. */
const CHANGES = 10_000
/** So many lines of one upstream, and so many of its failed calls, are logged in as many ms; that there were more is told once. */
const LINES = { most: 100, within: 60_000 }
/** The same for its definitions that are kept from everybody, or no longer: twice as many as it has by default. */
const DEFINITIONS = { most: 2000, within: 3_600_000 }

/**
 * Puts on record and logs what happens to upstreams. Calls are on record where they are decided.
 *
 * @param now ms since the epoch
 */
export function upstreamEvents(
  audit: AuditSink,
  log: UpstreamLog,
  now: () => number,
): (event: UpstreamEvent) => void {
  const record = (event: AuditEvent): void => {
    audit.record(event).catch((err: unknown) => log.error({ err }, 'not on record'))
  }
  const mayRecord = atMostEvery(CHANGES, now)
  const mayLog = atMost(LINES, now)
  const mayLogCall = atMost(LINES, now)
  const mayTellDefinition = atMost(DEFINITIONS, now)
  return (event) => {
    const { upstream } = event
    switch (event.kind) {
      case 'up': {
        const version = visible(event.version).slice(0, LONGEST_NAME)
        log.info({ upstream, era: event.era, version }, 'an upstream is up')
        if (mayRecord(`up ${upstream}`))
          record({ event: 'upstream.up', upstream, era: event.era, version, why: null })
        return
      }
      case 'down': {
        const why = visible(event.why).slice(0, LONGEST_WHY)
        log.warn({ upstream, why }, 'an upstream is down: what is pinned of it is listed, and calls fail')
        if (mayRecord(`down ${upstream}`))
          record({ event: 'upstream.down', upstream, era: null, version: null, why })
        return
      }
      case 'quarantined':
      case 'released': {
        const { kind, name, reason } = event.definition
        const left = mayTellDefinition(upstream)
        if (left <= 0) return
        const definition = { definition: kind, name: visible(name).slice(0, LONGEST_NAME), reason }
        if (!event.isUnapproved)
          log.warn(
            { upstream, ...definition },
            event.kind === 'quarantined'
              ? 'a definition of an upstream is quarantined: "npx sallyport lock diff" shows it'
              : 'a definition of an upstream is quarantined no longer',
          )
        if (left === 1)
          log.warn(
            { upstream },
            'more definitions of this upstream come and go than are logged and put on record',
          )
        return record({ event: `definition.${event.kind}`, upstream, ...definition, hash: null })
      }
      case 'unapproved': {
        const offers = counted(event.count, 'definition')
        const diff = `npx sallyport lock diff ${upstream}`
        return log.warn({ upstream }, `an upstream offers ${offers} that nobody has approved: ${diff}`)
      }
      case 'pinned':
        for (const { kind, name, hash } of event.definitions)
          record({
            event: 'definition.pinned',
            upstream,
            definition: kind,
            name: visible(name).slice(0, LONGEST_NAME),
            reason: null,
            hash,
          })
        return log.warn({ upstream }, 'the first definitions of an upstream were approved unseen')
      case 'line': {
        const left = mayLog(upstream)
        if (left > 0) log.info({ upstream }, visible(event.line))
        if (left === 1) log.warn({ upstream }, 'this upstream says more than is logged')
        return
      }
      case 'unanswered': {
        const { method, requestId, answer } = event
        // Its client did not want it any more.
        if (answer.kind === 'cancelled') return
        const left = mayLogCall(`${upstream} ${method}`)
        const why = 'why' in answer ? visible(answer.why).slice(0, LONGEST_WHY) : undefined
        if (left > 0)
          log.warn(
            { upstream, method, requestId, answer: answer.kind, why },
            'a call of an upstream has no result',
          )
        if (left === 1) log.warn({ upstream, method }, 'more calls of this upstream fail than are logged')
        return
      }
      case 'called':
        return
    }
  }
}

function atMostEvery(pause: number, now: () => number): (key: string) => boolean {
  const last = new Map<string, number>()
  return (key) => {
    const at = last.get(key)
    if (at !== undefined && now() - at < pause) return false
    last.set(key, now())
    return true
  }
}

/** How many there may still be, this one among them. */
function atMost({ most, within }: typeof LINES, now: () => number): (key: string) => number {
  const counts = new Map<string, { from: number; count: number }>()
  return (key) => {
    const known = counts.get(key)
    const running = known !== undefined && now() - known.from < within ? known : { from: now(), count: 0 }
    running.count += 1
    counts.set(key, running)
    return most - running.count + 1
  }
}
