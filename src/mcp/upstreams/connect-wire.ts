import { filledHeaders } from './http-headers.ts'
import { httpWire } from './http-wire.ts'
import { inProcessWire } from './in-process-wire.ts'
import type { UpstreamOptions } from './options.ts'
import type { OpenWire } from './peer-wire.ts'
import type { SpawnUpstream } from './process-host.ts'
import { stdioWire } from './stdio-wire.ts'

/** What {@link wireOf} takes. */
export interface WireOptions {
  readonly spawn: SpawnUpstream
  readonly options: UpstreamOptions
  readonly secrets: Readonly<Record<string, string>>
  readonly onLine: (line: string) => void
  /** As in `HttpWireOptions`. */
  readonly reopen: () => Promise<boolean>
  readonly gap: () => void
}

/** A way to an upstream that can be opened. */
export interface UpstreamWire {
  readonly open: OpenWire
  /** Of HTTP, as in `HttpWire`. */
  readonly begin: (revision: string) => void
  readonly listen: () => void
  /** Whether it has no statuses that say what is wrong. */
  readonly isPipe: boolean
}

/**
 * Makes the way to an upstream; a process is started.
 *
 * @throws what is wrong, in words for the operator
 */
export async function wireOf({
  spawn,
  options,
  secrets,
  onLine,
  reopen,
  gap,
}: WireOptions): Promise<UpstreamWire> {
  const { transport, limits, results } = options
  const { bytes } = results
  switch (transport.kind) {
    case 'stdio':
      return pipe(stdioWire(await spawn(options, secrets, onLine), bytes))
    case 'in-process':
      return pipe(await inProcessWire(transport.connect))
    case 'http': {
      const filled = filledHeaders(transport.headers, secrets)
      if (filled.kind === 'unfit') throw new Error(filled.why)
      return {
        ...httpWire({ transport, headers: filled.headers, limits, bytes, reopen, gap }),
        isPipe: false,
      }
    }
  }
}

function pipe(open: OpenWire): UpstreamWire {
  return { open, begin: () => undefined, listen: () => undefined, isPipe: true }
}
