import type { Facts } from './condition.ts'
import { milliseconds, moment } from './cel-time.ts'
import type { JsonType } from './cel-type.ts'
import type { Outcome } from './cel-value.ts'

/** Reads one fact; `undefined` where there is none. */
export type Fact = (facts: Facts) => Outcome | undefined

const STRING: JsonType = { kind: 'string' }

/** The names that have fields and are no value themselves. */
export const RECORDS: ReadonlySet<string> = new Set(['principal', 'auth', 'now', 'tool', 'auth.certificate'])

/** What a condition reads by name, beside `args` and `resource`. */
export const FACTS: ReadonlyMap<string, Fact> = new Map<string, Fact>([
  ['principal.id', ({ proofs }) => proofs.principal.id],
  ['principal.kind', ({ proofs }) => proofs.principal.kind],
  ['principal.name', ({ proofs }) => proofs.principal.name],
  ['principal.roles', ({ roles }) => ({ kind: 'json-list', items: roles, of: STRING })],
  ['principal.attributes', ({ attributes }) => ({ kind: 'json-map', entries: attributes, of: TEXTS })],
  ['auth.methods', ({ proofs }) => ({ kind: 'json-list', items: proofs.methods, of: STRING })],
  ['auth.age', ({ proofs, now }) => since(proofs.authenticatedAt, now)],
  ['auth.mfaAge', ({ proofs, now }) => (proofs.mfaAt === undefined ? undefined : since(proofs.mfaAt, now))],
  ['auth.address', ({ proofs }) => proofs.address],
  ['auth.certificate', ({ proofs }) => proofs.certificate && true],
  ['auth.certificate.uri', ({ proofs }) => proofs.certificate?.uri ?? undefined],
  ['auth.certificate.issuer', ({ proofs }) => proofs.certificate?.issuer],
  ['tool.name', ({ asked }) => asked?.entry.name],
  ['tool.upstream', ({ asked }) => asked?.entry.upstream ?? undefined],
  [
    'tool.annotations',
    ({ asked }) => ({ kind: 'json-map', entries: asked?.entry.annotations ?? {}, of: { kind: 'map' } }),
  ],
  ['now', ({ now }) => moment(now)],
  ['now.time', ({ now }) => moment(now)],
])

const TEXTS: JsonType = { kind: 'map' }

/** Never negative: a clock that was set back makes nothing younger than now. */
function since(then: number, now: number): Outcome {
  return milliseconds(Math.max(0, now - then))
}
