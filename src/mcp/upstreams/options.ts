import type { ClientRequest } from '../calling-client.ts'
import type { Era } from '../methods.ts'

/** A text of the configuration with gaps for what each principal keeps in the vault: `Bearer ${user:token}`. */
export type TextWithGaps = readonly (string | { readonly user: string })[]

/** How a stdio upstream is kept from what is Sallyport's own: its files, environment and store. */
export type Isolation =
  /** bubblewrap: it sees the system's programs, its own home, and what is listed here. Absolute paths. */
  | {
      readonly kind: 'bubblewrap'
      readonly read: readonly string[]
      readonly write: readonly string[]
      readonly network: boolean
    }
  /** Another user of this machine; we have to be root for that. */
  | { readonly kind: 'user'; readonly user: string }
  /** A container of this image, by `docker` or `podman`; nothing of the host is in it but what is listed. */
  | {
      readonly kind: 'container'
      readonly engine: string
      readonly image: string
      readonly read: readonly string[]
      readonly write: readonly string[]
      readonly network: boolean
    }
  /** `trusted: true`: it runs as we do and can read everything that is ours. */
  | { readonly kind: 'trusted' }

/** Where an upstream is, and how it is reached. */
export type UpstreamTransport =
  | {
      readonly kind: 'stdio'
      /** Never from a caller: from the operator's configuration alone. */
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, TextWithGaps>>
      /** Absolute; its own home unless given. */
      readonly cwd?: string
      /** A folder that is its own and stays, absolute: `HOME` of the process. Of principals: `principal-home.ts`. */
      readonly home: string
      readonly isolation: Isolation
      /** Resident memory of the whole process group, in bytes; beyond it the group is killed. */
      readonly memory: number
    }
  | {
      readonly kind: 'http'
      readonly url: URL
      readonly headers: Readonly<Record<string, TextWithGaps>>
      readonly tls: {
        /** PEM; the system's authorities unless given. */
        readonly ca?: string
        /** PEM; given together. */
        readonly cert?: string
        readonly key?: string
        /** `sha256/` and base64 of the public key (SPKI) of the server's certificate; one of them must be it. */
        readonly pins: readonly string[]
      }
    }
  /** A server in this process (see `in-process.ts`). */
  | { readonly kind: 'in-process'; readonly connect: InProcessConnect }

/** Connects one more in-process transport; typed where it is made. */
export type InProcessConnect = (toServer: InProcessPipe) => Promise<void>

/** One end of a pipe of JSON-RPC messages in this process: what transports of both SDK lines can be made of. */
export interface InProcessPipe {
  /** @param related id of the request of the other end in whose course this is said; absent where there is none */
  send(message: unknown, related?: string | number): void
  onMessage: (message: unknown, authInfo: unknown) => void
  onClose: () => void
  close(): void
}

/** How what an upstream returns is looked at before a caller gets it. */
export interface ResultRules {
  /** Bytes of JSON of one answer; a longer one is not read to its end. */
  readonly bytes: number
  /** Secrets by pattern: passed on, cut out, or the whole result refused. */
  readonly secrets: 'pass' | 'redact' | 'refuse'
  /** Invisible and direction-changing characters and terminal sequences in texts. */
  readonly hiddenText: 'pass' | 'strip' | 'refuse'
}

/** One upstream, as the operator has configured it. No secret is in it but behind `transport`. */
export interface UpstreamOptions {
  /** `[a-z][a-z0-9-]{0,31}`, not the area of anything built in. */
  readonly name: string
  /** False: tools, prompts and resources keep the names that the upstream gives them. At most one upstream. */
  readonly prefix: boolean
  readonly transport: UpstreamTransport
  /** `auto`: 2026-07-28 where the upstream speaks it. */
  readonly era: 'auto' | Era
  /** `auto`: shared with an upstream of 2026-07-28, which keeps no state; else one for each principal. */
  readonly connection: 'auto' | 'shared' | 'per-principal'
  /** What the upstream may ask the clients of calls. */
  readonly asks: readonly ClientRequest['method'][]
  /** `area:verb`, with `{tool}` for the name; the first whose glob fits the upstream's own name wins; else `<name>:{tool}`. */
  readonly permissions: readonly { readonly names: string; readonly permission: string }[]
  /** Globs of the upstream's own names; only these, where there are any. */
  readonly allow: readonly string[]
  /** Globs of the upstream's own names that do not exist here. */
  readonly deny: readonly string[]
  /** By the upstream's own name of a tool or prompt. */
  readonly overrides: Readonly<Record<string, { readonly title?: string; readonly description?: string }>>
  /** What the upstream is told of who calls. */
  readonly identity: 'none' | 'plain' | 'token'
  readonly limits: UpstreamLimits
  readonly results: ResultRules
}

/** Bounds of one upstream. Times in ms. */
export interface UpstreamLimits {
  /** One call, to its end; progress does not extend it. */
  readonly timeout: number
  /** Connecting and negotiating. */
  readonly connectTimeout: number
  /** A connection of a principal that was not used for so long is closed. */
  readonly idle: number
  /** Connections of principals at once. */
  readonly connections: number
  /** Calls at once, over all connections. */
  readonly inFlight: number
  /** Tools, prompts and templates together; an upstream that lists more is not served. */
  readonly definitions: number
  /** Notifications of one call that are passed on, per second; the rest is dropped, the last one never. */
  readonly notificationsPerSecond: number
}
