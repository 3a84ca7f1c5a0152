import type { AuthContext } from '../../auth/context.ts'
import type { Unanswered } from './answer-words.ts'
import type { Connect, UpstreamAnswer } from './connection.ts'
import type { Definition, Quarantined } from './definition.ts'
import type { UpstreamOptions } from './options.ts'

/** What the upstream is told of who calls; never the caller's own credential. */
export interface Identification {
  readonly headers: Readonly<Record<string, string>>
  readonly meta: Readonly<Record<string, unknown>>
}

/** Says who calls, in the way that an upstream is configured for. Quick: it is asked for every call. */
export type Identify = (context: AuthContext, upstream: UpstreamOptions, requestId: string) => Identification

/** What principals keep for upstreams, by name. Rejects with `STORE_UNAVAILABLE`. */
export interface UpstreamSecrets {
  /**
   * The secrets of a principal for one upstream, as it is reached now: what was kept for another address of it is not
   * found. Of `names` those that exist.
   *
   * @param audience what the secrets are bound to: the origin of its URL, or `stdio:` and the digest of its command line
   */
  read(
    principal: string,
    upstream: string,
    audience: string,
    names: readonly string[],
  ): Promise<Readonly<Record<string, string>>>
}

/** What happens to upstreams, for the audit trail, metrics and the operator's log. */
export type UpstreamEvent =
  | { readonly kind: 'up'; readonly upstream: string; readonly era: string; readonly version: string }
  | { readonly kind: 'down'; readonly upstream: string; readonly why: string }
  /** A definition is quarantined; or, having been so, is served (approved), or is gone. */
  | {
      readonly kind: 'quarantined' | 'released'
      readonly upstream: string
      readonly definition: Quarantined
      /** It was one of those that `unapproved` counts. */
      readonly isUnapproved: boolean
    }
  /** Nothing of it was ever approved, and it offers so many definitions now. */
  | { readonly kind: 'unapproved'; readonly upstream: string; readonly count: number }
  /** The first definitions of an upstream were taken as they are, since the configuration says so. */
  | { readonly kind: 'pinned'; readonly upstream: string; readonly definitions: readonly Definition[] }
  | {
      readonly kind: 'called'
      readonly upstream: string
      readonly method: string
      readonly answer: UpstreamAnswer['kind']
      readonly durationMs: number
    }
  /** A caller was told in words of ours why there is no result; what is known beyond them is for the operator. */
  | {
      readonly kind: 'unanswered'
      readonly upstream: string
      readonly method: string
      readonly requestId: string
      readonly answer: Unanswered
    }
  | { readonly kind: 'line'; readonly upstream: string; readonly line: string }

/** What upstreams need from outside. */
export interface UpstreamPorts {
  readonly connect: Connect
  readonly secrets: UpstreamSecrets
  readonly identify: Identify
  /** Never throws. */
  readonly told: (event: UpstreamEvent) => void
  /** Ms on a clock that does not go back. */
  readonly now: () => number
}
