import { createHash } from 'node:crypto'
import type { UpstreamOptions } from './options.ts'

/** Hex digits: two principals of one upstream never have the same. */
const DIGITS = 32

/**
 * The upstream, with a home for the process of one principal alone: what that keeps in files is shown to no other one.
 *
 * It lies beside the home of the upstream, not in it: the process that lists has the latter, and would be shown what is
 * in it, or could lay a link there that leads out of the sandbox of the next one.
 */
export function withHomeOf(options: UpstreamOptions, principal: string): UpstreamOptions {
  const { transport } = options
  if (transport.kind !== 'stdio') return options
  const digest = createHash('sha256').update(principal).digest('hex').slice(0, DIGITS)
  // No name of an upstream has a plus.
  return { ...options, transport: { ...transport, home: `${transport.home}+${digest}` } }
}
