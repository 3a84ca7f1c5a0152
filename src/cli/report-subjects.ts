import type { AccessDocument } from '../access/document.ts'
import { parsePrincipal, principalOf, type Principal } from '../auth/principal.ts'
import type { Supposition } from './supposed-caller.ts'

/** Somebody whom a policy names: one principal, or whoever fits a pattern. */
export interface ReportSubject {
  /** As in `service:billing`, `certificate spiffe://corp.example/ci/*`, `anyone authenticated`. */
  readonly name: string
  /** Who stands for it. */
  readonly principals: readonly Principal[]
  readonly supposition: Supposition
  /** Its grants, as in `group: sre`. */
  readonly groups: readonly string[]
}

/** Stands for whoever has no grant of its own: a name that a policy is unlikely to have. */
const ANYONE = 'anyone-else'

/** Everybody whom the grants of a policy name, groups member by member; and last whoever is known, without a grant. */
export function reportSubjects({
  grants,
  groups,
}: Pick<AccessDocument, 'grants' | 'groups'>): readonly ReportSubject[] {
  const named = grants.flatMap(({ subject }) => (subject.kind === 'principal' ? [subject.principal.id] : []))
  const members = [...groups.values()].flat()
  const ids = [...new Set([...named, ...members])].toSorted()
  const patterns = grants.flatMap(({ subject }) => (subject.kind === 'certificate' ? [subject.pattern] : []))
  return [
    ...ids.flatMap((id) => principalSubject(id, groups)),
    ...patterns.flatMap(({ uri, issuer }) => certificateSubject(uri, issuer)),
    {
      name: 'anyone authenticated',
      principals: (['service', 'agent', 'user'] as const).flatMap((kind) => principalOf(kind, ANYONE) ?? []),
      supposition: {},
      groups: [],
    },
  ]
}

function principalSubject(
  id: string,
  groups: ReadonlyMap<string, readonly string[]>,
): readonly ReportSubject[] {
  const principal = parsePrincipal(id)
  if (principal === undefined) return []
  const own = [...groups].flatMap(([group, members]) => (members.includes(id) ? [group] : []))
  return [{ name: id, principals: [principal], supposition: {}, groups: own }]
}

/** Stars become a word, so that there is a certificate that fits. */
function certificateSubject(uri: string | null, issuer: string | null): readonly ReportSubject[] {
  const principal = principalOf('service', ANYONE)
  if (principal === undefined) return []
  const words = [...(uri === null ? [] : [uri]), ...(issuer === null ? [] : [`of ${issuer}`])]
  return [
    {
      name: `certificate ${words.join(' ') || 'of any CA'}`,
      principals: [principal],
      supposition: {
        methods: ['certificate'],
        uri: (uri ?? 'spiffe://any.example/any').replaceAll(/\*+|\?/g, 'x'),
        issuer: (issuer ?? 'CN=any').replaceAll(/\*+|\?/g, 'x'),
      },
      groups: [],
    },
  ]
}
