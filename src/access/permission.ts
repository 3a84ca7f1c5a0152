import type { CompiledPermissions } from '../auth/context.ts'

/** What an action needs: `area:verb`, for example `notes:read`. Wildcards occur in grants only. */
export type Permission = `${string}:${string}`

const LONGEST_PART = 64
const PART = `[a-z0-9][a-z0-9_-]{0,${LONGEST_PART - 1}}`
const PERMISSION = new RegExp(`^${PART}:${PART}$`)

/** What a role may list: `area:verb`, `area:*`, `*:verb` or `*`; each part a word of at most 64 characters. */
export const PERMISSION_PATTERN: RegExp = new RegExp(`^(?:\\*|${PART}:(?:\\*|${PART})|\\*:${PART})$`)

/** One question answered: which permissions a list of patterns covers. */
interface Matcher {
  readonly patterns: readonly string[]
  readonly everything: boolean
  readonly exact: ReadonlySet<string>
  readonly areas: ReadonlySet<string>
  readonly verbs: ReadonlySet<string>
}

/** Where the opaque values lead: only what {@link compilePermissions} made is in here. */
const matchers = new WeakMap<CompiledPermissions, Matcher>()

/** Reads `area:verb`; `undefined` if `text` is not one, and always for a wildcard: fails closed. */
export function parsePermission(text: string): Permission | undefined {
  return isPermission(text) ? text : undefined
}

function isPermission(text: string): text is Permission {
  return PERMISSION.test(text)
}

/** Whether a role may list `text`. `*:*` is not a pattern: everything is written `*`. */
export function isPermissionPattern(text: string): boolean {
  return PERMISSION_PATTERN.test(text)
}

/** Whether one pattern covers one permission. Fails closed: false if either of them is malformed. */
export function matches(pattern: string, permission: string): boolean {
  return allows(compilePermissions([pattern]), permission)
}

/**
 * Compiles what a list of patterns covers.
 *
 * Fails closed: a malformed pattern covers nothing. The document parser refuses it earlier, with its position.
 */
export function compilePermissions(patterns: readonly string[]): CompiledPermissions {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes the opaque value
  const compiled = Object.freeze({}) as CompiledPermissions
  matchers.set(compiled, matcherOf([...new Set(patterns.filter(isPermissionPattern))]))
  return compiled
}

/** Whether `compiled` covers `permission`. Fails closed: false for what {@link compilePermissions} did not make. */
export function allows(compiled: CompiledPermissions, permission: string): boolean {
  const matcher = matchers.get(compiled)
  return matcher !== undefined && covers(matcher, permission)
}

/** The patterns that were compiled, for display; empty for what {@link compilePermissions} did not make. */
export function patternsOf(compiled: CompiledPermissions): readonly string[] {
  return matchers.get(compiled)?.patterns ?? []
}

function covers(matcher: Matcher, permission: string): boolean {
  if (!isPermission(permission)) return false
  if (matcher.everything || matcher.exact.has(permission)) return true
  const colon = permission.indexOf(':')
  return matcher.areas.has(permission.slice(0, colon)) || matcher.verbs.has(permission.slice(colon + 1))
}

function matcherOf(patterns: readonly string[]): Matcher {
  return {
    patterns: Object.freeze([...patterns]),
    everything: patterns.includes('*'),
    exact: new Set(patterns.filter((pattern) => !pattern.includes('*'))),
    areas: new Set(
      patterns.filter((pattern) => pattern.endsWith(':*')).map((pattern) => pattern.slice(0, -2)),
    ),
    verbs: new Set(patterns.filter((pattern) => pattern.startsWith('*:')).map((pattern) => pattern.slice(2))),
  }
}
