import type { TextWithGaps, UpstreamOptions } from './options.ts'
import { secretAudience } from './secret-audience.ts'

/** What an upstream wants of each principal. */
export interface WantedSecrets {
  /** Its name. */
  readonly upstream: string
  /** What the secrets are bound to: see `secret-audience.ts`. */
  readonly audience: string
  /** By which they are kept, sorted; without any it wants nothing. */
  readonly names: readonly string[]
}

/** What an upstream wants of each principal: the gaps `${user:NAME}` of its configuration. */
export function wantedSecrets(options: UpstreamOptions): WantedSecrets {
  const names = textsOf(options).flatMap(gapsIn)
  return {
    upstream: options.name,
    audience: secretAudience(options),
    names: [...new Set(names)].toSorted(),
  }
}

function textsOf({ transport }: UpstreamOptions): readonly TextWithGaps[] {
  switch (transport.kind) {
    case 'http':
      return Object.values(transport.headers)
    case 'stdio':
      return Object.values(transport.env)
    case 'in-process':
      return []
  }
}

function gapsIn(text: TextWithGaps): readonly string[] {
  return text.flatMap((part) => (typeof part === 'string' ? [] : [part.user]))
}
