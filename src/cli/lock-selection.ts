import type { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import type { Definition, DefinitionKind } from '../mcp/upstreams/definition.ts'
import { nameOf } from './lock-diff-text.ts'

/** Which definitions are meant: all, or those that are named. */
export interface LockSelection {
  readonly tool: readonly string[]
  readonly prompt: readonly string[]
  readonly template: readonly string[]
  readonly instructions?: true
}

type Named = Pick<Definition, 'kind' | 'name'>

/** Adds the options of a {@link LockSelection}. */
export function withSelection(command: Command): Command {
  const names = (name: string, before: readonly string[]): readonly string[] => [...before, name]
  return command
    .option('--tool <name>', 'only this tool, by the name it has there; may be repeated', names, [])
    .option('--prompt <name>', 'only this prompt; may be repeated', names, [])
    .option('--template <name>', 'only this resource template; may be repeated', names, [])
    .option('--instructions', 'only the instructions')
}

/** Whether only what is named is meant. */
export function isSelective({ tool, prompt, template, instructions }: LockSelection): boolean {
  return tool.length + prompt.length + template.length > 0 || instructions === true
}

/** Whether a definition is meant. */
export function isSelected({ kind, name }: Named, selection: LockSelection): boolean {
  if (!isSelective(selection)) return true
  return kind === 'instructions' ? selection.instructions === true : selection[kind].includes(name)
}

/**
 * A name that is nowhere was a slip, or is done already; either way somebody should know.
 *
 * @throws SallyportError `NOT_FOUND`
 */
export function refuseMissing(
  found: readonly Named[],
  selection: LockSelection,
  words: (name: string) => string,
): void {
  const wanted = (['tool', 'prompt', 'template'] as const).flatMap((kind) =>
    selection[kind].map((name): readonly [DefinitionKind, string] => [kind, name]),
  )
  const missing = wanted.find(([kind, name]) => !found.some((one) => one.kind === kind && one.name === name))
  if (missing !== undefined) throw new SallyportError('NOT_FOUND', words(nameOf(...missing)))
}
