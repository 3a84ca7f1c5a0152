import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { chosenUpstreams } from './lock-chosen.ts'
import { compareUpstreams, type Compared } from './lock-comparison.ts'
import { readLockFile } from './lock-file.ts'
import type { Unreachable } from './lock-live.ts'
import type { LockParts } from './lock-parts.ts'
import { print, printJson, table, tell } from './print.ts'
import { withSecretFiles, type SecretFiles } from './secret-files.ts'
import { visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport upstreams
  npx sallyport upstreams wiki files --json
  npx sallyport upstreams --secret-file wiki/token=/run/secrets/wiki-token

Asks each upstream by itself, as a server that starts now would; a running server need not have the same connection.
PINNED is what the lock file has of it, SERVED what of that it lists unchanged, QUARANTINED what else it lists.

Exit codes: 0 all answer, 1 one does not; 2 wrong usage.`

interface Flags {
  readonly json?: true
  readonly secretFile?: SecretFiles
}

/** `sallyport upstreams`: which upstream servers there are, and how they do. */
export function upstreamsCommand(): Command {
  const command = new Command('upstreams')
    .description(
      'List the upstream servers: how they are reached, whether they answer, what of them is served.',
    )
    .argument('[upstream...]', 'only these')
    .option('--json', 'print the list as JSON')
  return withSecretFiles(command)
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], { json, secretFile }: Flags) => {
      await upstreams(names, json === true, await lockParts(names, secretFile))
    })
}

/** One upstream, as it is shown. Counts are of tools, prompts, resource templates and instructions. */
interface Row {
  readonly upstream: string
  readonly reached: string
  /** `null` where it does not answer, as for all that only an answer could tell. */
  readonly era: string | null
  readonly pinned: number
  readonly served: number | null
  readonly quarantined: number | null
  /** What is wrong, and what to do; `null` for nothing. */
  readonly problem: string | null
}

/**
 * Prints a line for each upstream, and what is wrong.
 *
 * @throws SallyportError `REFUSED` if one does not answer, after all were told; `NOT_FOUND`, `CONFIGURATION_INVALID`
 */
export async function upstreams(names: readonly string[], json: boolean, parts: LockParts): Promise<void> {
  const chosen = chosenUpstreams(parts.options, names)
  const pins = await readLockFile(parts.file)
  const compared = await compareUpstreams(chosen, pins, parts.ports)
  const rows = compared.map((one, index) =>
    rowOf(one, reachedOf(chosen[index]), pins.upstreams.get(one.upstream)?.length ?? 0),
  )
  if (json) printJson(rows)
  else if (rows.length === 0) tell('sallyport.yaml has no upstreams.')
  else tellRows(rows)
  const down = compared.filter(({ kind }) => kind === 'unreachable').map(({ upstream }) => upstream)
  if (down.length > 0)
    throw new SallyportError(
      'REFUSED',
      `${counted(down.length, 'upstream')} did not answer: ${down.join(', ')}`,
    )
}

function tellRows(rows: readonly Row[]): void {
  const heading = ['UPSTREAM', 'REACHED BY', 'ERA', 'PINNED', 'SERVED', 'QUARANTINED']
  const cells = rows.map(({ upstream, reached, era, pinned, served, quarantined }) =>
    [upstream, reached, era ?? 'no answer', pinned, served ?? '-', quarantined ?? '-'].map((cell) =>
      visibleLine(String(cell)),
    ),
  )
  print(table(heading, cells))
  for (const { upstream, problem } of rows)
    if (problem !== null) print(`${upstream}: ${visibleLine(problem)}`)
}

function rowOf(one: Compared | Unreachable, reached: string, pinnedInAll: number): Row {
  const { upstream } = one
  if (one.kind === 'unreachable')
    return {
      upstream,
      reached,
      era: null,
      pinned: pinnedInAll,
      served: null,
      quarantined: null,
      problem: one.why,
    }
  const { era, pinned, isPinned, changes, quarantined } = one
  const added = changes.filter(({ change }) => change === 'added').length
  const apart = changes.filter(({ change }) => change !== 'removed').length
  return {
    upstream,
    reached,
    era,
    pinned,
    served: pinned - (changes.length - added),
    quarantined: apart + quarantined.length,
    problem: problemOf(upstream, isPinned, changes.length),
  }
}

function problemOf(upstream: string, isPinned: boolean, differences: number): string | null {
  if (!isPinned)
    return `nothing of it was ever approved: "npx sallyport lock approve ${upstream}" shows what it offers and asks`
  if (differences === 0) return null
  return `${counted(differences, 'difference')} from what was approved: "npx sallyport lock diff ${upstream}" shows them`
}

/** The program and where it runs, or the host: arguments and the path of a URL may have a key in them. */
function reachedOf(options: UpstreamOptions | undefined): string {
  const transport = options?.transport
  switch (transport?.kind) {
    case 'stdio':
      return `${transport.command} (${transport.isolation.kind})`
    case 'http':
      return transport.url.origin
    // What has a fault in its configuration is reached by nothing.
    case 'in-process':
    case undefined:
      return '-'
  }
}
