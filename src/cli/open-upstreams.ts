import type { AuditSink } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import type { Connect } from '../mcp/upstreams/connection.ts'
import type { Definition } from '../mcp/upstreams/definition.ts'
import { identifier, type TokenSigner } from '../mcp/upstreams/identify.ts'
import type { UpstreamSecrets } from '../mcp/upstreams/ports.ts'
import { createUpstreams, type Upstreams } from '../mcp/upstreams/upstreams.ts'
import type { OwnCatalog } from './catalog-surface.ts'
import type { Followed } from './hot-reload.ts'
import { identityIssuer } from './identity-keys.ts'
import { writeLockFile } from './lock-file.ts'
import { upstreamEvents, type UpstreamLog } from './upstream-events.ts'

/** What {@link openUpstreams} works with. */
export interface UpstreamGround {
  readonly audit: AuditSink
  readonly log: UpstreamLog
  /** Ms since the epoch. */
  readonly now: () => number
  readonly vault: UpstreamSecrets
  readonly signer: TokenSigner
  readonly connect: Connect
  readonly followed: Pick<Followed, 'policy' | 'upstreams'>
}

/** Starts the upstreams of a configuration, and of this process. */
export function openUpstreams(
  config: Config,
  own: OwnCatalog,
  { audit, log, now, vault, signer, connect, followed }: UpstreamGround,
): Upstreams {
  const wanted = followed.upstreams.current().wanted()
  const identify = identifier({
    issuer: identityIssuer(config),
    signer,
    tokenLife: config.identity.tokenLife,
    now,
  })
  /** What a server of this process has by now is approved, and the policy knows it before anybody is served it. */
  const relisted = (server: string, definitions: readonly Definition[]): boolean => {
    if (!own.relist(server, definitions)) return false
    const current = followed.upstreams.current()
    followed.policy.fit(current.surface())
    upstreams.configure({ ...current.wanted(), misfits: followed.policy.misfits() })
    return true
  }
  const upstreams = createUpstreams(
    { ...wanted, misfits: followed.policy.misfits() },
    {
      connect,
      secrets: vault,
      identify,
      told: upstreamEvents(audit, log, now),
      now: () => performance.now(),
      own: own.names,
      async pin(...args) {
        if (relisted(...args)) return true
        const { pinsOnFirstUse } = followed.upstreams.current()
        if (pinsOnFirstUse) await pin(config.pins.file, ...args)
        return pinsOnFirstUse
      },
    },
  )
  return upstreams
}

/** What another process has pinned meanwhile stays. */
async function pin(file: string, upstream: string, definitions: readonly Definition[]): Promise<void> {
  await writeLockFile(file, ({ upstreams }) => ({
    upstreams: upstreams.has(upstream) ? upstreams : new Map([...upstreams, [upstream, definitions]]),
  }))
}
