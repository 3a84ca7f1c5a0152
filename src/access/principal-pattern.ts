import { isPrincipalKind } from '../auth/principal.ts'
import type { Principal, PrincipalKind } from '../auth/principal.ts'
import { compileGlob } from './glob.ts'

/** Whom a rule or a limit concerns: principals of a kind by name, who has a role, or who is in a group. */
export type PrincipalPattern =
  | { readonly kind: PrincipalKind; readonly names: string }
  | { readonly kind: 'role' | 'group'; readonly name: string }

/** A principal of these roles: is it meant? */
export type PrincipalTest = (principal: Principal, roles: readonly string[]) => boolean

/** Principals of other trust domains have a "/" and more in their names. */
const NAMES = /^(?!.*\*{3})[A-Za-z0-9._~+=@/*?-]{1,256}$/

/** Reads `user:alice`, `service:*`, `role:reader` or `group:sre`; `undefined` for anything else. */
export function parsePrincipalPattern(text: string): PrincipalPattern | undefined {
  const colon = text.indexOf(':')
  const [kind, name] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (kind === 'role' || kind === 'group') return { kind, name }
  return isPrincipalKind(kind) && NAMES.test(name) ? { kind, names: name } : undefined
}

/**
 * Makes the test of patterns, any of which is enough. In names "*" is any run, "/" as well: `service:*` is every
 * service, of whatever trust domain, since a rule that was meant for all must not miss those of others.
 *
 * @param groups from the name of a group to ids of principals
 */
export function principalTest(
  patterns: readonly PrincipalPattern[],
  groups: ReadonlyMap<string, readonly string[]>,
): PrincipalTest {
  const tests = patterns.map((pattern) => testOf(pattern, groups))
  return (principal, roles) => tests.some((test) => test(principal, roles))
}

function testOf(pattern: PrincipalPattern, groups: ReadonlyMap<string, readonly string[]>): PrincipalTest {
  if ('names' in pattern) {
    const fits = compileGlob(pattern.names.replace(/\*+/g, '**'))
    return ({ kind, name }) => kind === pattern.kind && fits(name)
  }
  if (pattern.kind === 'role') return (_, roles) => roles.includes(pattern.name)
  const members = new Set(groups.get(pattern.name))
  return ({ id }) => members.has(id)
}
