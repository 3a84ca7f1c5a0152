import type { TrustSettings } from './trust-settings.ts'

/** The files of one CA that is trusted. */
export interface TrustFiles {
  /** In words: nothing for our own, `of "corp"` for others. */
  readonly whose: string
  readonly roots: string
  readonly issuers: string
  /** Null where it is trusted without. */
  readonly revocationLists: string | null
}

/** The files of every CA that is trusted; our own first, if it is. */
export function trustFiles({ own, bundles, ...ours }: TrustSettings): readonly TrustFiles[] {
  return [
    ...(own ? [{ whose: '', ...ours }] : []),
    ...bundles.map(({ name, roots, issuers, revocationLists = null }) => ({
      whose: ` of "${name}"`,
      roots,
      issuers,
      revocationLists,
    })),
  ]
}

/** The paths of all of them, each once: what is read anew when one changes. */
export function trustPaths(trust: TrustSettings): readonly string[] {
  const paths = trustFiles(trust).flatMap(({ roots, issuers, revocationLists }) => [
    roots,
    issuers,
    revocationLists,
  ])
  return [...new Set(paths.filter((path) => path !== null))]
}
