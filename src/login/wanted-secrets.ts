/** What an upstream wants of each principal. */
export interface WantedSecrets {
  /** Its name. */
  readonly upstream: string
  /** What the secrets are bound to: an origin, or what stands for a command line. */
  readonly audience: string
  /** By which they are kept, sorted. */
  readonly names: readonly string[]
}
