import { principalOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import type { CertificatePattern } from './certificate-pattern.ts'
import type { CertificateEntry } from './schema-parts.ts'
import type { GrantEntry } from './document-schema.ts'

/** The keys of a grant that say whose it is; it has exactly one. */
export const SUBJECT_KEYS = ['service', 'agent', 'user', 'certificate', 'group', 'authenticated'] as const

/** Whose a grant is. */
export type GrantSubject =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'certificate'; readonly pattern: CertificatePattern }
  | { readonly kind: 'group'; readonly group: string }
  /** Everybody's who is authenticated. */
  | { readonly kind: 'authenticated' }

/** Roles for somebody. Several grants of the same principal add up. */
export interface Grant {
  readonly subject: GrantSubject
  readonly roles: readonly string[]
  /** The person who answers for a service or an agent, as in `user:alice`; null where nobody is named. */
  readonly owner: string | null
  /** What conditions can ask of the principal. */
  readonly attributes: Readonly<Record<string, string>>
  /** The condition under which it counts, unread; null for always. */
  readonly when: string | null
}

/** A grant of the file, which was checked: one without a subject is nobody's, and left out. */
export function grantOf(entry: GrantEntry): readonly Grant[] {
  const subject = subjectOf(entry)
  if (subject === undefined) return []
  return [
    Object.freeze({
      subject: Object.freeze(subject),
      roles: Object.freeze([...entry.roles]),
      owner: entry.owner ?? null,
      attributes: Object.freeze({ ...entry.attributes }),
      when: entry.when ?? null,
    }),
  ]
}

/** As the file says it: `service: billing`, `group: sre`. */
export function subjectText(subject: GrantSubject): string {
  switch (subject.kind) {
    case 'principal':
      return `${subject.principal.kind}: ${subject.principal.name}`
    case 'certificate':
      return `certificate: ${certificateText(subject.pattern)}`
    case 'group':
      return `group: ${subject.group}`
    case 'authenticated':
      return 'authenticated: true'
  }
}

/** As the file says it. */
export function certificateText({ uri, issuer }: CertificatePattern): string {
  const keys = Object.entries({ uri, issuer }).flatMap(([key, value]) =>
    value === null ? [] : [`${key}: ${JSON.stringify(value)}`],
  )
  return keys.length === 0 ? '{}' : `{ ${keys.join(', ')} }`
}

/** A pattern of the file. */
export function certificatePatternOf({ uri, issuer }: CertificateEntry): CertificatePattern {
  return Object.freeze({ uri: uri ?? null, issuer: issuer ?? null })
}

function subjectOf({ certificate, group, authenticated, ...named }: GrantEntry): GrantSubject | undefined {
  if (certificate !== undefined) return { kind: 'certificate', pattern: certificatePatternOf(certificate) }
  if (group !== undefined) return { kind: 'group', group }
  if (authenticated !== undefined) return { kind: 'authenticated' }
  for (const kind of ['service', 'agent', 'user'] as const) {
    const principal = principalOf(kind, named[kind] ?? '')
    if (principal !== undefined) return { kind: 'principal', principal }
  }
  return undefined
}
