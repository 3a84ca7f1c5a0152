import { Command } from 'commander'
import type { DefinitionsApproved } from '../audit/event.ts'
import { SallyportError } from '../errors.ts'
import type { Definition, DefinitionKind, Pins } from '../mcp/upstreams/definition.ts'
import type { LockChange } from '../mcp/upstreams/lock-changes.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { chosenUpstreams } from './lock-chosen.ts'
import { compareUpstreams, type Compared } from './lock-comparison.ts'
import { refuse } from './lock-diff.ts'
import { comparisonJson, comparisonLines, nameOf } from './lock-diff-text.ts'
import { readLockFile, writeLockFile } from './lock-file.ts'
import type { LockParts } from './lock-parts.ts'
import { print, printJson, tell } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock approve wiki
  npx sallyport lock approve wiki --tool search --tool read
  npx sallyport lock approve --all --yes

Shows what differs, asks, and writes it into the lock file; a running server takes it at once. What upstreams offer is
read by models as instructions: read it as such. With --tool, --prompt, --template or --instructions only these.`

/** One line of the trail has as many. */
const MOST_OF_EVENT = 50

/** Flags of {@link lockApprove}. */
export interface ApproveFlags {
  readonly all?: true
  readonly tool: readonly string[]
  readonly prompt: readonly string[]
  readonly template: readonly string[]
  readonly instructions?: true
  readonly yes?: true
  readonly json?: true
}

/** `sallyport lock approve`: from now on what upstreams offer is served, as it is now. */
export function lockApproveCommand(): Command {
  const names = (name: string, before: readonly string[]): readonly string[] => [...before, name]
  return new Command('approve')
    .description('Approve what upstream servers offer, which is served from then on.')
    .argument('[upstream...]', 'whose')
    .option('--all', 'of all upstreams')
    .option('--tool <name>', 'only this tool, by the name it has there; may be repeated', names, [])
    .option('--prompt <name>', 'only this prompt; may be repeated', names, [])
    .option('--template <name>', 'only this resource template; may be repeated', names, [])
    .option('--instructions', 'only the instructions')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was approved as JSON; needs --yes')
    .addHelpText('after', EXAMPLES)
    .action(async (upstreams: readonly string[], flags: ApproveFlags, command: Command) => {
      if (upstreams.length > 0 === (flags.all === true)) command.error('error: name upstreams, or say --all')
      if (flags.json === true && flags.yes !== true) command.error('error: --json needs --yes')
      await lockApprove(upstreams, flags, await lockParts(upstreams))
    })
}

/**
 * Shows what differs, asks, puts it on record and writes the lock file.
 *
 * Fails closed: without a yes, or without a trail to put it on, nothing is written; and what is written is what was
 * shown, whatever the upstream offers by then.
 *
 * @throws SallyportError `REFUSED` without a yes, or for an upstream that could not be asked (after the others are done);
 *   `NOT_FOUND` for a name; `AUDIT_UNAVAILABLE`, `CONFIGURATION_INVALID`, `TOO_BUSY`
 */
export async function lockApprove(
  upstreams: readonly string[],
  flags: ApproveFlags,
  parts: LockParts,
): Promise<void> {
  const { file, options, ports } = parts
  const found = await compareUpstreams(chosenUpstreams(options, upstreams), await readLockFile(file), ports)
  const selected = found.map((one) => (one.kind === 'compared' ? selectedOf(one, flags) : one))
  refuseMissing(selected, flags)
  const approved = selected.filter((one) => one.kind === 'compared').filter((one) => isNews(one, flags))
  if (flags.json !== true) for (const line of selected.flatMap(comparisonLines)) print(line)
  if (approved.length > 0) {
    await askFor(
      approved.flatMap(({ changes }) => changes),
      flags,
      parts,
    )
    await parts.record(approved.flatMap((one) => eventsOf(one, parts.user)))
    await writeLockFile(file, (pins) => approved.reduce(withApproved, pins))
  }
  if (flags.json === true) printJson({ file, upstreams: selected.map(comparisonJson) })
  else tell(approved.length > 0 ? `approved, and written to ${file}` : 'there is nothing to approve')
  refuse(selected, false)
}

/** Of an upstream that is not in the file it is news as well that it offers nothing. */
function isNews({ changes, isPinned }: Compared, flags: ApproveFlags): boolean {
  return changes.length > 0 || (!isPinned && !isSelective(flags))
}

/** What of the differences is to be approved: all, or those that are named. */
function selectedOf(compared: Compared, flags: ApproveFlags): Compared {
  if (!isSelective(flags)) return compared
  return { ...compared, changes: compared.changes.filter((change) => isSelected(change, flags)) }
}

function isSelective({ tool, prompt, template, instructions }: ApproveFlags): boolean {
  return tool.length + prompt.length + template.length > 0 || instructions === true
}

function isSelected({ kind, name }: LockChange, flags: ApproveFlags): boolean {
  return kind === 'instructions' ? flags.instructions === true : flags[kind].includes(name)
}

/** A name that differs nowhere was a slip, or is approved already; either way somebody should know. */
function refuseMissing(
  selected: readonly { readonly kind: string; readonly changes?: readonly LockChange[] }[],
  flags: ApproveFlags,
): void {
  const changes = selected.flatMap((one) => one.changes ?? [])
  const wanted = (['tool', 'prompt', 'template'] as const).flatMap((kind) =>
    flags[kind].map((name): readonly [DefinitionKind, string] => [kind, name]),
  )
  const missing = wanted.find(
    ([kind, name]) => !changes.some((one) => one.kind === kind && one.name === name),
  )
  if (missing !== undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `there is no difference in a ${nameOf(...missing)}: "npx sallyport lock diff" shows what differs`,
    )
}

async function askFor(
  changes: readonly LockChange[],
  flags: ApproveFlags,
  { confirm }: LockParts,
): Promise<void> {
  if (flags.yes === true) return
  const answer = await confirm(`Approve ${counted(changes.length, 'difference')}?`)
  if (answer === undefined)
    throw new SallyportError(
      'REFUSED',
      'there is no terminal to ask on: look at the difference, then say --yes',
    )
  if (!answer) throw new SallyportError('REFUSED', 'not approved: nothing was written')
}

function eventsOf({ upstream, changes }: Compared, by: string): readonly DefinitionsApproved[] {
  const definitions = changes.map(({ kind, name, after }) => ({ kind, name, hash: after?.hash ?? null }))
  const count = Math.max(1, Math.ceil(definitions.length / MOST_OF_EVENT))
  return Array.from({ length: count }, (_, at) => ({
    event: 'definitions.approved',
    by,
    upstream,
    definitions: definitions.slice(at * MOST_OF_EVENT, (at + 1) * MOST_OF_EVENT),
  }))
}

/** The pins with what was approved of one upstream, and everything else as it is in the file by now. */
function withApproved(pins: Pins, { upstream, changes }: Compared): Pins {
  const isChanged = ({ kind, name }: Definition): boolean =>
    changes.some((one) => one.kind === kind && one.name === name)
  const kept = (pins.upstreams.get(upstream) ?? []).filter((one) => !isChanged(one))
  const fresh = changes.flatMap(({ after }) => (after === undefined ? [] : [after]))
  return { upstreams: new Map([...pins.upstreams, [upstream, [...kept, ...fresh]]]) }
}
