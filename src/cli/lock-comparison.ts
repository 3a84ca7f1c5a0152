import type { Era } from '../mcp/methods.ts'
import type { Definition, Pins, Quarantined } from '../mcp/upstreams/definition.ts'
import { isWanted } from '../mcp/upstreams/judge-definitions.ts'
import { lockChanges, type LockChange } from '../mcp/upstreams/lock-changes.ts'
import { namesOf } from '../mcp/upstreams/names.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { askUpstreams, type LockPorts, type Unreachable } from './lock-live.ts'

/** How what an upstream offers differs from what is pinned of it. */
export interface Compared {
  readonly kind: 'compared'
  readonly upstream: string
  /** False for one that is not in the lock file at all. */
  readonly isPinned: boolean
  readonly era: Era
  /** How many definitions are pinned of what the operator wants. */
  readonly pinned: number
  /** From the pins to what is offered. */
  readonly changes: readonly LockChange[]
  /** What can never be approved; no difference, since it is not served either way. */
  readonly quarantined: readonly Quarantined[]
}

/** Compares upstreams with the pins, each by itself. What the operator does not want is looked at on neither side. */
export async function compareUpstreams(
  options: readonly UpstreamOptions[],
  pins: Pins,
  ports: LockPorts,
): Promise<readonly (Compared | Unreachable)[]> {
  const byName = new Map(options.map((one) => [one.name, namesOf(one)]))
  const live = await askUpstreams(options, ports)
  return live.map((one) => {
    if (one.kind === 'unreachable') return one
    const { upstream, era, definitions, quarantined } = one
    const pinned = pins.upstreams.get(upstream)
    const names = byName.get(upstream)
    const before = (pinned ?? []).filter((pin) => names !== undefined && isWanted(pin, names))
    const changes = lockChanges(only(upstream, before), only(upstream, definitions))
    return {
      kind: 'compared',
      upstream,
      isPinned: pinned !== undefined,
      era,
      pinned: before.length,
      changes,
      quarantined,
    }
  })
}

function only(upstream: string, definitions: readonly Definition[]): Pins {
  return { upstreams: new Map([[upstream, definitions]]) }
}
