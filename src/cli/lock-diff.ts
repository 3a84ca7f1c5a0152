import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { chosenUpstreams } from './lock-chosen.ts'
import { compareUpstreams, type Compared } from './lock-comparison.ts'
import { comparisonJson, comparisonLines } from './lock-diff-text.ts'
import { readLockFile } from './lock-file.ts'
import type { Unreachable } from './lock-live.ts'
import type { LockParts } from './lock-parts.ts'
import { print, printJson, tell } from './print.ts'
import { withSecretFiles, type SecretFiles } from './secret-files.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock diff
  npx sallyport lock diff wiki github
  npx sallyport lock diff --exit-code --json
  npx sallyport lock diff wiki --secret-file wiki/token=/run/secrets/wiki-token

Exit codes: 0 compared, 1 an upstream could not be asked, or with --exit-code something differs; 2 wrong usage.`

/** Flags of {@link lockDiff}. */
export interface DiffFlags {
  readonly exitCode?: true
  readonly json?: true
  readonly secretFile?: SecretFiles
}

/** `sallyport lock diff`: how what upstreams offer differs from what was approved. */
export function lockDiffCommand(): Command {
  const command = new Command('diff')
    .description('Show how what upstream servers offer differs from what was approved.')
    .argument('[upstream...]', 'only these')
    .option('--exit-code', 'end with 1 if anything differs')
    .option('--json', 'print the differences as JSON')
  return withSecretFiles(command)
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], flags: DiffFlags) => {
      await lockDiff(names, flags, await lockParts(names, flags.secretFile))
    })
}

/**
 * Prints the differences of upstreams, each by itself.
 *
 * @throws SallyportError `REFUSED` if one could not be asked, or something differs and that was asked for; `NOT_FOUND`,
 *   `CONFIGURATION_INVALID`
 */
export async function lockDiff(
  names: readonly string[],
  { exitCode, json }: DiffFlags,
  parts: LockParts,
): Promise<void> {
  const chosen = chosenUpstreams(parts.options, names)
  const compared = await compareUpstreams(chosen, await readLockFile(parts.file), parts.ports)
  if (json === true) printJson({ file: parts.file, upstreams: compared.map(comparisonJson) })
  else if (chosen.length === 0) tell('sallyport.yaml has no upstreams.')
  else for (const line of compared.flatMap(comparisonLines)) print(line)
  refuse(compared, exitCode === true)
}

/** @throws SallyportError `REFUSED` for what was not compared, and for differences if they count */
export function refuse(compared: readonly (Compared | Unreachable)[], differencesCount: boolean): void {
  const unreachable = compared.filter(({ kind }) => kind === 'unreachable').map(({ upstream }) => upstream)
  const differences = compared.reduce(
    (sum, one) => sum + (one.kind === 'compared' ? one.changes.length : 0),
    0,
  )
  const faults = [
    ...(unreachable.length === 0
      ? []
      : [`${counted(unreachable.length, 'upstream')} could not be asked: ${unreachable.join(', ')}`]),
    ...(differencesCount && differences > 0
      ? [
          `${counted(differences, 'difference')} from what was approved: look at "npx sallyport lock diff", then "npx sallyport lock approve"`,
        ]
      : []),
  ]
  if (faults.length > 0) throw new SallyportError('REFUSED', faults.join('\n'))
}
