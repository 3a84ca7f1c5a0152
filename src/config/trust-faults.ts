import type { Contradiction } from './contradiction.ts'
import type { Settings } from './settings.ts'
import type { BundleSettings } from './trust-settings.ts'

/** What does not go together in the section `trust`. */
export function trustFaults({ trust: { own, bundles }, trustDomain }: Settings): Contradiction[] {
  const none =
    own || bundles.length > 0
      ? []
      : [
          fault(
            [],
            'believes no CA, so that no certificate would be accepted: set own to true, or name bundles',
          ),
        ]
  return [
    ...none,
    ...bundles.flatMap((bundle, index) => [
      ...nameFaults(bundle, bundles.slice(0, index), index),
      ...domainFaults(
        bundle,
        [trustDomain, ...bundles.slice(0, index).flatMap((other) => other.trustDomains)],
        index,
      ),
      ...listFaults(bundle, index),
    ]),
  ]
}

function nameFaults(
  { name }: BundleSettings,
  earlier: readonly BundleSettings[],
  index: number,
): Contradiction[] {
  if (!earlier.some((other) => other.name === name)) return []
  return [fault(['bundles', index, 'name'], `"${name}" is the name of another bundle as well`)]
}

/** A trust domain has one owner: whoever else could name its principals could be any of them. */
function domainFaults(
  { trustDomains, principal }: BundleSettings,
  taken: readonly string[],
  index: number,
): Contradiction[] {
  const path = ['bundles', index, 'trustDomains']
  const double = trustDomains.find(
    (domain, at) => taken.includes(domain) || trustDomains.indexOf(domain) < at,
  )
  return [
    ...(double === undefined
      ? []
      : [fault(path, `"${double}" is ours or belongs to another bundle: a trust domain has one owner`)]),
    ...(principal.from === 'uri' || trustDomains.length === 1
      ? []
      : [fault(path, `must be exactly one, since a name from "${principal.from}" does not say which`)]),
  ]
}

function listFaults(
  { revocationLists, unsafeWithoutRevocationLists }: BundleSettings,
  index: number,
): Contradiction[] {
  if ((revocationLists === undefined) === unsafeWithoutRevocationLists) return []
  return [
    fault(
      ['bundles', index, revocationLists === undefined ? 'name' : 'unsafeWithoutRevocationLists'],
      revocationLists === undefined
        ? 'has no revocationLists: name the file, or set unsafeWithoutRevocationLists to true'
        : 'is true beside revocationLists: leave one of them out',
    ),
  ]
}

function fault(path: readonly (string | number)[], sentence: string): Contradiction {
  return { path: ['trust', ...path], sentence }
}
