import { Command } from 'commander'
import type { DefinitionsApproved } from '../audit/event.ts'
import type { Definition, Pins } from '../mcp/upstreams/definition.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { chosenUpstreams } from './lock-chosen.ts'
import { compareUpstreams, type Compared } from './lock-comparison.ts'
import { approvedEvents, consent } from './lock-consent.ts'
import { refuse } from './lock-diff.ts'
import { comparisonJson, comparisonLines } from './lock-diff-text.ts'
import { readLockFile, writeLockFile } from './lock-file.ts'
import type { LockParts } from './lock-parts.ts'
import {
  isSelected,
  isSelective,
  refuseMissing,
  withSelection,
  type LockSelection,
} from './lock-selection.ts'
import { print, printJson, tell } from './print.ts'
import { withSecretFiles, type SecretFiles } from './secret-files.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock approve wiki
  npx sallyport lock approve wiki --tool search --tool read
  npx sallyport lock approve --all --yes

Shows what differs, asks, and writes it into the lock file; a running server takes it at once. What upstreams offer is
read by models as instructions: read it as such. With --tool, --prompt, --template or --instructions only these.`

/** Flags of {@link lockApprove}. */
export interface ApproveFlags extends LockSelection {
  readonly all?: true
  readonly yes?: true
  readonly json?: true
  readonly secretFile?: SecretFiles
}

/** `sallyport lock approve`: from now on what upstreams offer is served, as it is now. */
export function lockApproveCommand(): Command {
  const command = new Command('approve')
    .description('Approve what upstream servers offer, which is served from then on.')
    .argument('[upstream...]', 'whose')
    .option('--all', 'of all upstreams')
  return withSecretFiles(withSelection(command))
    .option('--yes', 'do not ask')
    .option('--json', 'print what was approved as JSON; needs --yes')
    .addHelpText('after', EXAMPLES)
    .action(async (upstreams: readonly string[], flags: ApproveFlags) => {
      if (upstreams.length > 0 === (flags.all === true)) command.error('error: name upstreams, or say --all')
      if (flags.json === true && flags.yes !== true) command.error('error: --json needs --yes')
      await lockApprove(upstreams, flags, await lockParts(upstreams, flags.secretFile))
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
  refuseMissing(
    selected.flatMap((one) => (one.kind === 'compared' ? one.changes : [])),
    flags,
    (what) => `there is no difference in a ${what}: "npx sallyport lock diff" shows what differs`,
  )
  const approved = selected.filter((one) => one.kind === 'compared').filter((one) => isNews(one, flags))
  if (flags.json !== true) for (const line of selected.flatMap(comparisonLines)) print(line)
  if (approved.length > 0) {
    const changes = approved.flatMap((one) => one.changes)
    await consent(`Approve ${counted(changes.length, 'difference')}?`, flags.yes === true, parts)
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
  return { ...compared, changes: compared.changes.filter((change) => isSelected(change, flags)) }
}

function eventsOf({ upstream, changes }: Compared, by: string): readonly DefinitionsApproved[] {
  const definitions = changes.map(({ kind, name, after }) => ({ kind, name, hash: after?.hash ?? null }))
  return approvedEvents(upstream, definitions, by)
}

/** The pins with what was approved of one upstream, and everything else as it is in the file by now. */
function withApproved(pins: Pins, { upstream, changes }: Compared): Pins {
  const isChanged = ({ kind, name }: Definition): boolean =>
    changes.some((one) => one.kind === kind && one.name === name)
  const kept = (pins.upstreams.get(upstream) ?? []).filter((one) => !isChanged(one))
  const fresh = changes.flatMap(({ after }) => (after === undefined ? [] : [after]))
  return { upstreams: new Map([...pins.upstreams, [upstream, [...kept, ...fresh]]]) }
}
