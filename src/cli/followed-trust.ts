import type { Config } from '../config/config.ts'
import { followedAuthority, type AuthorityOptions, type FollowedTrust } from './followed-authority.ts'
import type { FollowedFiles } from './followed-files.ts'

/**
 * What is trusted, kept up to date: roots, issuers and revocation lists of our own CA and of others. Those of each are
 * taken by themselves: what somebody else gets wrong keeps no revocation of ours from being heard.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if they are not good to begin with
 */
export async function followedTrust(
  config: Config,
  options: AuthorityOptions,
): Promise<FollowedFiles<FollowedTrust>> {
  const parts = await Promise.all(partsOf(config).map(async (part) => followedAuthority(part, options)))
  let values = parts.map((part) => part.current())
  let whole = combined(config.trustDomain, values)
  const current = (): FollowedTrust => {
    const now = parts.map((part) => part.current())
    // The same object for as long as nothing has changed: another one is another trust epoch.
    if (now.every((value, index) => value === values[index])) return whole
    values = now
    whole = combined(config.trustDomain, values)
    return whole
  }
  return {
    current,
    lastProblem() {
      const problems = parts.flatMap((part) => part.lastProblem() ?? [])
      return problems.length === 0 ? null : problems.join('\n')
    },
    follow({ onLoaded, onRejected }) {
      for (const part of parts) part.follow({ onLoaded: () => onLoaded(current()), onRejected })
    },
    look() {
      for (const part of parts) part.look()
    },
    close() {
      for (const part of parts) part.close()
    },
  }
}

/** As if each CA were the only one that is trusted. */
function partsOf(config: Config): readonly Config[] {
  const { own, bundles } = config.trust
  const one = (trust: Pick<Config['trust'], 'own' | 'bundles'>): Config => ({
    ...config,
    trust: { ...config.trust, ...trust },
  })
  return [
    ...(own ? [one({ own, bundles: [] })] : []),
    ...bundles.map((bundle) => one({ own: false, bundles: [bundle] })),
  ]
}

function combined(trustDomain: string, parts: readonly FollowedTrust[]): FollowedTrust {
  const issuers = Object.freeze(parts.flatMap(({ trust }) => trust.issuers))
  return {
    trust: Object.freeze({ trustDomain, issuers }),
    lists: parts.flatMap(({ lists }) => lists),
    unlisted: parts.flatMap(({ unlisted }) => unlisted),
    authorities: parts.flatMap(({ authorities }) => authorities),
  }
}
