import type { AccountSection } from './account-section.ts'
import { wantedBy } from './change-secret.ts'
import { factorRefusal } from './change-factors.ts'
import { knownUser } from './known-user.ts'
import type { LoginOptions } from './options.ts'
import { secretsSection, type ShownSecret } from './pages/secrets-section.ts'
import type { WantedSecrets } from './wanted-secrets.ts'

/** The section of the account page with the keys that its owner keeps for upstreams; never their values. */
export const ownSecrets: AccountSection = async ({ visitor, formToken }, options) => {
  const { record } = visitor.live
  const known = await knownUser(record.user, options)
  if (known === undefined) return undefined
  const principal = `user:${record.user}`
  const wanted = wantedBy(record, options)
  const asked = (await Promise.all(wanted.map((one) => shownOf(principal, one, options)))).flat()
  const secrets = [...asked, ...(await leftOver(principal, asked, options))]
  if (secrets.length === 0) return undefined
  const mayChange = factorRefusal(record, known, options.now()) === undefined
  return secretsSection({ formToken, mayChange, secrets })
}

async function shownOf(
  principal: string,
  { upstream, audience, names }: WantedSecrets,
  { upstreamSecrets }: LoginOptions,
): Promise<readonly ShownSecret[]> {
  const states = await upstreamSecrets.look({ principal, upstream, audience }, names)
  const goesTo = /^https?:/.test(audience) ? audience : null
  return states.map(({ name, setAt, isGood }) => ({ upstream, name, setAt, isGood, goesTo, isAsked: true }))
}

/** What is kept for upstreams that are gone, or that its owner may not use any more: he can take it away. */
async function leftOver(
  principal: string,
  asked: readonly ShownSecret[],
  { upstreamSecrets }: LoginOptions,
): Promise<readonly ShownSecret[]> {
  const shown = new Set(asked.map(placeOf))
  const others = (await upstreamSecrets.list(principal)).filter((one) => !shown.has(placeOf(one)))
  return others.map(({ upstream, name, setAt }) => ({
    upstream,
    name,
    setAt,
    isGood: false,
    goesTo: null,
    isAsked: false,
  }))
}

function placeOf({ upstream, name }: Pick<ShownSecret, 'upstream' | 'name'>): string {
  return `${upstream}/${name}`
}
