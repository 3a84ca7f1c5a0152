/** What of an upstream is pinned. `template` is a resource template; `instructions` has the empty name. */
export type DefinitionKind = 'tool' | 'prompt' | 'template' | 'instructions'

/** One definition, cut down to what is pinned: see `pinned-members.ts`. */
export interface Definition {
  readonly kind: DefinitionKind
  /** As the upstream names it. */
  readonly name: string
  /** Parsed JSON, frozen: name, title, description, schemas, annotations, ... */
  readonly value: Readonly<Record<string, unknown>>
  /** `sha256:` and the hex digest of the canonical JSON (RFC 8785) of `value`. */
  readonly hash: string
}

/** Why a definition is not served. */
export type QuarantineReason =
  /** It is not in the lock file. */
  | 'new'
  /** It is in the lock file with another hash. */
  | 'changed'
  /** Its name cannot be a name here. */
  | 'bad_name'
  /** Too large, too deep, or not what the protocol says. */
  | 'malformed'
  /** Something else has the name, or the permission of something built in. */
  | 'collision'
  /** The access policy speaks of arguments that it does not have. */
  | 'policy'

/** A definition that is kept from everybody. */
export interface Quarantined {
  readonly kind: DefinitionKind
  /** As the upstream names it; untrusted text, at most 256 characters. */
  readonly name: string
  readonly reason: QuarantineReason
}

/** All definitions of one upstream, as it listed them. */
export interface Listed {
  readonly definitions: readonly Definition[]
  /** What could not even be taken as a definition. */
  readonly quarantined: readonly Quarantined[]
}

/** What listing came to. */
export type Listing =
  | ({ readonly kind: 'listed' } & Listed)
  /** It could not be asked, or lists more than it may. `why` for the operator. */
  | { readonly kind: 'failed'; readonly why: string }

/** What `sallyport.lock.yaml` says: by upstream. An upstream that is not in it was never pinned. */
export interface Pins {
  readonly upstreams: ReadonlyMap<string, readonly Definition[]>
}
