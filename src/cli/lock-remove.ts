import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import type { Definition, Pins } from '../mcp/upstreams/definition.ts'
import { nearest } from '../nearest.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { approvedEvents, consent } from './lock-consent.ts'
import { nameOf } from './lock-diff-text.ts'
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
import { unreachableUpstreams } from './upstream-options.ts'
import { visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock remove wiki
  npx sallyport lock remove wiki --tool delete --tool move
  npx sallyport lock remove gone --yes

Shows what was approved, asks, and takes it out of the lock file; a running server serves it no more at once. No upstream
is asked, and it need not be configured any more. With "firstUse: trust" an upstream of which all is removed is approved
unseen by the next server that starts: take it out of sallyport.yaml as well.`

/** Flags of {@link lockRemove}. */
export interface RemoveFlags extends LockSelection {
  readonly yes?: true
  readonly json?: true
}

/** `sallyport lock remove`: what was approved is so no longer. */
export function lockRemoveCommand(): Command {
  const command = new Command('remove')
    .description('Take back what was approved of upstream servers, which is served no more then.')
    .argument('<upstream...>', 'whose')
  return withSelection(command)
    .option('--yes', 'do not ask')
    .option('--json', 'print what was removed as JSON; needs --yes')
    .addHelpText('after', EXAMPLES)
    .action(async (upstreams: readonly string[], flags: RemoveFlags) => {
      if (flags.json === true && flags.yes !== true) command.error('error: --json needs --yes')
      await lockRemove(upstreams, flags, await lockParts([], new Map(), unreachableUpstreams))
    })
}

/**
 * Shows what was approved, asks, puts it on record and takes it out of the lock file.
 *
 * @throws SallyportError `REFUSED` without a yes; `NOT_FOUND` for a name that is not in the file; `AUDIT_UNAVAILABLE`,
 *   `CONFIGURATION_INVALID`, `TOO_BUSY`; nothing is written then
 */
export async function lockRemove(
  upstreams: readonly string[],
  flags: RemoveFlags,
  parts: LockParts,
): Promise<void> {
  const { file, user } = parts
  const pins = await readLockFile(file)
  const removed = [...new Set(upstreams)].map((name) => ({ name, definitions: meant(pins, name, flags) }))
  const all = removed.flatMap(({ definitions }) => definitions)
  refuseMissing(all, flags, (what) => `no ${what} was approved: "npx sallyport lock list" shows what was`)
  if (all.length === 0 && isSelective(flags))
    throw new SallyportError('NOT_FOUND', 'no instructions were approved: nothing was written')
  if (flags.json !== true)
    for (const { name, definitions } of removed) {
      print(`${name}: ${counted(definitions.length, 'definition')}`)
      for (const { kind, name: own } of definitions) print(`  - ${nameOf(kind, own)}`)
    }
  await consent(`Take back ${counted(all.length, 'definition')}?`, flags.yes === true, parts)
  await parts.record(
    removed.flatMap(({ name, definitions }) =>
      approvedEvents(
        name,
        definitions.map(({ kind, name: own }) => ({ kind, name: own, hash: null })),
        user,
      ),
    ),
  )
  await writeLockFile(file, (before) => upstreams.reduce((left, name) => without(left, name, flags), before))
  if (flags.json === true)
    printJson({
      file,
      upstreams: removed.map(({ name, definitions }) => ({
        upstream: name,
        removed: definitions.map(({ kind, name: own, hash }) => ({ kind, name: own, hash })),
      })),
    })
  else tell(`taken out of ${file}`)
}

function meant({ upstreams }: Pins, name: string, flags: LockSelection): readonly Definition[] {
  const pinned = upstreams.get(name)
  if (pinned !== undefined) return pinned.filter((one) => isSelected(one, flags))
  const near = nearest(name, [...upstreams.keys()])
  const help = near === undefined ? '"npx sallyport lock list" shows what was' : `did you mean "${near}"?`
  throw new SallyportError('NOT_FOUND', `nothing was ever approved of "${visibleLine(name)}": ${help}`)
}

/** An upstream of which some is left stays one that was seen; so does one of which each was named. */
function without({ upstreams }: Pins, upstream: string, flags: LockSelection): Pins {
  const left = (upstreams.get(upstream) ?? []).filter((one) => !isSelected(one, flags))
  const others = [...upstreams].filter(([name]) => name !== upstream)
  return { upstreams: new Map(isSelective(flags) ? [...others, [upstream, left]] : others) }
}
