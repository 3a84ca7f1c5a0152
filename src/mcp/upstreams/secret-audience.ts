import { createHash } from 'node:crypto'
import type { UpstreamOptions } from './options.ts'

/**
 * What the secrets of principals for an upstream are bound to: whoever it is that gets them. Of a URL its origin (RFC
 * 6454), of a process the digest of its command line, and of its image where it runs in a container. An upstream that is
 * another one from now on gets none of those that were kept for the one before.
 */
export function secretAudience({ name, transport }: UpstreamOptions): string {
  switch (transport.kind) {
    case 'http':
      return transport.url.origin
    case 'stdio': {
      const { command, args, isolation } = transport
      const line = [isolation.kind === 'container' ? isolation.image : null, command, ...args]
      return `stdio:${createHash('sha256').update(JSON.stringify(line)).digest('hex')}`
    }
    case 'in-process':
      return `in-process:${name}`
  }
}
