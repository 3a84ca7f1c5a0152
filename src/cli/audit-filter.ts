import { statSync } from 'node:fs'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { compileGlob, globProblem, type Glob } from '../access/glob.ts'
import type { TrailFields } from '../audit/read-trail.ts'
import { momentOption } from './moment.ts'

/** Options that say which events are wanted. */
export interface FilterFlags {
  readonly principal?: Glob
  readonly tool?: Glob
  readonly resource?: Glob
  readonly decision?: string
  readonly reason?: string
  readonly rule?: string
  readonly request?: string
  readonly trace?: string
  readonly event?: Glob
  readonly since?: number
  readonly until?: number
}

/** Adds them to a command, and the folder that is looked into. */
export function withFilter(command: Command): Command {
  return command
    .argument('[directory]', 'the folder of a trail; that of this installation unless given', folderArgument)
    .option('--principal <pattern>', 'whose: "service:demo", "user:*"', patternOption)
    .option('--tool <pattern>', 'of which tools: "notes_*"', patternOption)
    .option('--resource <pattern>', 'of which tools, prompts or resources: "note://**"', patternOption)
    .addOption(new Option('--decision <decision>', 'what was decided').choices(['allow', 'deny', 'ask']))
    .option('--reason <reason>', 'why: no_permission')
    .option('--rule <name>', 'by which rule')
    .option('--request <id>', 'of which request')
    .option('--trace <id>', 'of which trace')
    .option(
      '--event <pattern>',
      'which events: "tool.*"; "audit.*" for those of the chains themselves',
      patternOption,
    )
    .option('--since <time>', 'from when: how long ago, as in 7d, or 2026-11-21T10:00:00Z', momentOption)
    .option('--until <time>', 'until when', momentOption)
}

/** Whether an event is wanted; those of the chain itself only by their name. Its time is not looked at. */
export function isWanted(event: TrailFields, flags: FilterFlags): boolean {
  const { principal, tool, resource, decision, reason, rule, request, trace } = flags
  const is = (name: string, wanted: string | undefined): boolean =>
    wanted === undefined || event[name] === wanted
  const fits = (value: unknown, glob: Glob | undefined): boolean =>
    glob === undefined || (typeof value === 'string' && glob(value))
  return (
    (flags.event !== undefined || !event.event.startsWith('audit.')) &&
    is('decision', decision) &&
    is('reason', reason) &&
    is('rule', rule) &&
    is('requestId', request) &&
    is('trace', trace) &&
    fits(event.event, flags.event) &&
    fits(event['principal'], principal) &&
    fits(event['resource'], resource) &&
    (tool === undefined || (event.event.startsWith('tool.') && fits(event['resource'], tool)))
  )
}

function patternOption(text: string): Glob {
  const problem = globProblem(text)
  if (problem !== undefined) throw new InvalidArgumentError(`This pattern ${problem}.`)
  return compileGlob(text)
}

/** Without it a slip in the path would read as a trail in which nothing happened. */
function folderArgument(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path
  throw new InvalidArgumentError('There is no such folder: check its path.')
}
