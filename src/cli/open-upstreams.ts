import type { AuditSink } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { bubblewrapProbe } from '../mcp/upstreams/bubblewrap-probe.ts'
import type { Definition } from '../mcp/upstreams/definition.ts'
import { identifier, type TokenSigner } from '../mcp/upstreams/identify.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { UpstreamSecrets } from '../mcp/upstreams/ports.ts'
import { createUpstreams, type Upstreams } from '../mcp/upstreams/upstreams.ts'
import type { OwnCatalog } from './catalog-surface.ts'
import type { Followed } from './hot-reload.ts'
import { identityIssuer } from './identity-keys.ts'
import { writeLockFile } from './lock-file.ts'
import { upstreamConnect } from './upstream-connect.ts'
import { upstreamEvents, type UpstreamLog } from './upstream-events.ts'

/** What {@link openUpstreams} works with. */
export interface UpstreamGround {
  readonly audit: AuditSink
  readonly log: UpstreamLog
  /** Ms since the epoch. */
  readonly now: () => number
  readonly vault: UpstreamSecrets
  readonly signer: TokenSigner
  readonly followed: Pick<Followed, 'policy' | 'upstreams'>
}

/**
 * Starts the upstreams of a configuration, and of this process.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` where one could not be kept from what is Sallyport's own
 */
export async function openUpstreams(
  config: Config,
  own: OwnCatalog,
  { audit, log, now, vault, signer, followed }: UpstreamGround,
): Promise<Upstreams> {
  const wanted = followed.upstreams.current().wanted()
  await assertIsolated(wanted.options)
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
      connect: upstreamConnect(config),
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

/** Whether every process would be kept apart: none is started otherwise, and nobody is to find that out by a call. */
async function assertIsolated(options: readonly UpstreamOptions[]): Promise<void> {
  const needing = options.filter(
    ({ transport }) => transport.kind === 'stdio' && transport.isolation.kind === 'bubblewrap',
  )
  if (needing.length === 0) return
  const fault = await bubblewrapProbe(process.execPath)()
  if (fault === undefined) return
  const names = needing.map(({ name }) => `"${name}"`).join(', ')
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `the upstreams ${names} cannot be kept from Sallyport's own files: ${fault}`,
  )
}
