import type { Definition } from './definition.ts'

/** What tells the definitions of one upstream apart. */
export function definitionKey({ kind, name }: Pick<Definition, 'kind' | 'name'>): string {
  return `${kind}\n${name}`
}
