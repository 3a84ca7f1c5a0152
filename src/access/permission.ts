import type { Ceiling, CompiledPermissions } from '../auth/context.ts'

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

/** Where the opaque values lead: only what was made here is in here. All of them must cover what is to be allowed. */
const matchers = new WeakMap<CompiledPermissions, readonly Matcher[]>()

/** A ceiling is compiled once for each certificate that was read. */
const ceilings = new WeakMap<Ceiling, Matcher>()

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
  return opaque([matcherOf(patterns)])
}

/**
 * What `compiled` and the ceiling both cover: it can only take away.
 *
 * Fails closed: a malformed pattern of a ceiling covers nothing, and so does what {@link compilePermissions} did not
 * make.
 */
export function cutDown(compiled: CompiledPermissions, ceiling: Ceiling): CompiledPermissions {
  const bound = ceilings.get(ceiling) ?? matcherOf(ceiling)
  ceilings.set(ceiling, bound)
  return opaque([...(matchers.get(compiled) ?? [NOTHING]), bound])
}

/** Whether `compiled` covers `permission`. Fails closed: false for what was not made here. */
export function allows(compiled: CompiledPermissions, permission: string): boolean {
  const all = matchers.get(compiled)
  return all !== undefined && all.every((matcher) => covers(matcher, permission))
}

/** The patterns that say what is covered, for display; empty for what was not made here. */
export function patternsOf(compiled: CompiledPermissions): readonly string[] {
  const [first, ...bounds] = matchers.get(compiled) ?? [NOTHING]
  return bounds.reduce((patterns, bound) => commonPatterns(patterns, bound.patterns), first?.patterns ?? [])
}

/** Patterns that cover what both lists cover: two patterns have at most one in common. */
function commonPatterns(some: readonly string[], others: readonly string[]): readonly string[] {
  const common = some.flatMap((one) => others.flatMap((other) => commonPattern(one, other) ?? []))
  return [...new Set(common)]
}

function commonPattern(one: string, other: string): string | undefined {
  if (one === '*' || other === '*') return one === '*' ? other : one
  const [[area = '', verb = ''], [otherArea = '', otherVerb = '']] = [one.split(':'), other.split(':')]
  const [commonArea, commonVerb] = [commonPart(area, otherArea), commonPart(verb, otherVerb)]
  return commonArea === undefined || commonVerb === undefined ? undefined : `${commonArea}:${commonVerb}`
}

function commonPart(one: string, other: string): string | undefined {
  if (one === '*' || other === '*') return one === '*' ? other : one
  return one === other ? one : undefined
}

function opaque(all: readonly Matcher[]): CompiledPermissions {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes the opaque value
  const compiled = Object.freeze({}) as CompiledPermissions
  matchers.set(compiled, all)
  return compiled
}

function covers(matcher: Matcher, permission: string): boolean {
  if (!isPermission(permission)) return false
  if (matcher.everything || matcher.exact.has(permission)) return true
  const colon = permission.indexOf(':')
  return matcher.areas.has(permission.slice(0, colon)) || matcher.verbs.has(permission.slice(colon + 1))
}

function matcherOf(texts: readonly string[]): Matcher {
  const patterns = [...new Set(texts.filter(isPermissionPattern))]
  return {
    patterns: Object.freeze(patterns),
    everything: patterns.includes('*'),
    exact: new Set(patterns.filter((pattern) => !pattern.includes('*'))),
    areas: new Set(
      patterns.filter((pattern) => pattern.endsWith(':*')).map((pattern) => pattern.slice(0, -2)),
    ),
    verbs: new Set(patterns.filter((pattern) => pattern.startsWith('*:')).map((pattern) => pattern.slice(2))),
  }
}

const NOTHING: Matcher = matcherOf([])
