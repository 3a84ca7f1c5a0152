import { compileGlob, type Glob } from '../../access/glob.ts'
import { parsePermission, type Permission } from '../../access/permission.ts'
import { uriGlob } from '../../access/uri-glob.ts'
import type { DefinitionKind } from './definition.ts'
import type { UpstreamOptions } from './options.ts'
import { isWrittenPlainly } from './template-uris.ts'

/** What has a name of its own. */
export type NamedKind = Exclude<DefinitionKind, 'instructions'>

/** What of an upstream is called here, and what it needs. */
export type Naming =
  | { readonly kind: 'named'; readonly name: string; readonly permission: Permission }
  /** The operator does not want it here. */
  | { readonly kind: 'unwanted' }
  /** It can have no name here, or no permission. */
  | { readonly kind: 'bad_name' }

/** Says what the definitions of one upstream are called here. */
export interface Names {
  of(kind: NamedKind, own: string): Naming
  /** What resources need that belong to no template; `undefined` where the configuration gives no permission. */
  readonly rest: Naming
  /** Whether a resource that is of no template exists here, by the URI that the upstream has for it. Fails closed. */
  wantsUri(own: string): boolean
  /** Whether a resource does not exist here, whatever template it is of. Fails closed: true where its spelling decides. */
  deniesUri(own: string): boolean
}

const NAME = /^[A-Za-z0-9_.-]{1,128}$/
/** Names of templates are for display alone, and hardly ever words. */
const NOT_OF_A_NAME = /[^A-Za-z0-9_.-]/g
const NOT_OF_A_VERB = /[^a-z0-9_-]/g
const LONGEST_OWN_NAME = 256

const VERB_PREFIX: Readonly<Record<NamedKind, string>> = {
  tool: '',
  prompt: 'prompt-',
  template: 'resource-',
}

/**
 * Reads the names and permissions of an upstream's configuration. A tool `search` of `wiki` becomes `wiki_search` and
 * needs `wiki:search`, a prompt `wiki:prompt-…`, a template `wiki:resource-…`, every other resource `wiki:resources`,
 * unless a permission is configured for its own name.
 *
 * Fails closed: what cannot have a name or a permission has none.
 */
export function namesOf(options: UpstreamOptions): Names {
  const permissionOf = permissionsOf(options)
  const isWanted = wanted(options.allow.map(compileGlob), options.deny.map(compileGlob))
  const prefix = options.prefix ? `${options.name}_` : ''
  const named = (name: string, own: string, verb: string): Naming => {
    const permission = NAME.test(name) ? permissionOf(own, verb) : undefined
    return permission === undefined ? { kind: 'bad_name' } : { kind: 'named', name, permission }
  }
  return {
    of(kind, own) {
      if (own === '' || own.length > LONGEST_OWN_NAME) return { kind: 'bad_name' }
      if (!isWanted(own)) return { kind: 'unwanted' }
      const text = kind === 'template' ? own.replaceAll(NOT_OF_A_NAME, '-') : own
      return named(prefix + text, own, VERB_PREFIX[kind] + verbOf(own))
    },
    // The name of what is left over is no name of the upstream's: only a glob that fits everything fits it.
    rest: named(`${options.name}_resources`, '', 'resources'),
    ...uriRules(options),
  }
}

function verbOf(own: string): string {
  return own.toLowerCase().replaceAll(NOT_OF_A_VERB, '-')
}

function permissionsOf({ name, permissions }: UpstreamOptions) {
  const rules = permissions.map(({ names, permission }) => ({ fits: compileGlob(names), permission }))
  return (own: string, verb: string): Permission | undefined => {
    const written = rules.find(({ fits }) => fits(own))?.permission ?? `${name}:{tool}`
    return parsePermission(written.replaceAll('{tool}', () => verb))
  }
}

function wanted(allow: readonly Glob[], deny: readonly Glob[]): (own: string) => boolean {
  return (own) => (allow.length === 0 || allow.some((fits) => fits(own))) && !deny.some((fits) => fits(own))
}

/** A `*` alone means everything, although there are slashes in URIs; what fits or not by its spelling is not wanted. */
function uriRules({ allow, deny }: UpstreamOptions): Pick<Names, 'wantsUri' | 'deniesUri'> {
  const globs = (patterns: readonly string[]) =>
    patterns.map((pattern) => uriGlob(pattern === '*' ? '**' : pattern))
  const [allowed, denied] = [globs(allow), globs(deny)]
  const deniesUri = (own: string): boolean =>
    !isWrittenPlainly(own) || denied.some((fits) => fits(own) !== false)
  return {
    deniesUri,
    wantsUri: (own) =>
      (allowed.length === 0 || allowed.some((fits) => fits(own) === true)) && !deniesUri(own),
  }
}
