import { Command } from 'commander'
import type { Pins } from '../mcp/upstreams/definition.ts'
import { SallyportError } from '../errors.ts'
import { counted } from './counted.ts'
import { lockParts } from './lock-at-hand.ts'
import { chosenUpstreams } from './lock-chosen.ts'
import { compareUpstreams } from './lock-comparison.ts'
import { refuse } from './lock-diff.ts'
import { comparisonJson, comparisonLines } from './lock-diff-text.ts'
import { readLockFile } from './lock-file.ts'
import type { LockParts } from './lock-parts.ts'
import { print, printJson, tell } from './print.ts'
import { withSecretFiles, type SecretFiles } from './secret-files.ts'
import { eachUpstreamOptions, unreachableUpstreams } from './upstream-options.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock verify              # in CI: fails if an upstream offers anything else than was approved
  npx sallyport lock verify --offline    # only whether the file is whole and its hashes fit
  npx sallyport lock verify --secret-file wiki/token=/run/secrets/wiki-token

Exit codes: 0 everything is as it was approved, 1 something differs, is new or gone, or could not be asked; 2 wrong usage.`

/** Flags of {@link lockVerify}. */
export interface VerifyFlags {
  readonly offline?: true
  readonly json?: true
  readonly secretFile?: SecretFiles
}

/** `sallyport lock verify`: whether upstreams offer what was approved, for CI. */
export function lockVerifyCommand(): Command {
  const command = new Command('verify')
    .description('Check that upstream servers offer exactly what was approved.')
    .argument('[upstream...]', 'only these')
    .option('--offline', 'ask no upstream: check the lock file alone')
    .option('--json', 'print what was found as JSON')
  return withSecretFiles(command)
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], flags: VerifyFlags) => {
      await lockVerify(
        names,
        flags,
        await lockParts(
          names,
          flags.secretFile,
          flags.offline === true ? unreachableUpstreams : eachUpstreamOptions,
        ),
      )
    })
}

/**
 * Prints what is not as it was approved.
 *
 * Fails closed: an upstream that cannot be asked, and one that was never approved and offers something, is a failure.
 *
 * @throws SallyportError `REFUSED`, `NOT_FOUND`, `CONFIGURATION_INVALID`
 */
export async function lockVerify(
  names: readonly string[],
  { offline, json }: VerifyFlags,
  parts: LockParts,
): Promise<void> {
  const chosen = chosenUpstreams(parts.options, names)
  const pins = await readLockFile(parts.file)
  if (offline === true)
    return reportFile(
      pins,
      chosen.map(({ name }) => name),
      json === true,
    )
  const compared = await compareUpstreams(chosen, pins, parts.ports)
  if (json === true) printJson({ file: parts.file, upstreams: compared.map(comparisonJson) })
  else if (chosen.length === 0) tell('sallyport.yaml has no upstreams.')
  else for (const line of compared.flatMap(comparisonLines)) print(line)
  refuse(compared, true)
}

function reportFile({ upstreams }: Pins, configured: readonly string[], json: boolean): void {
  const missing = configured.filter((name) => !upstreams.has(name))
  const counts = [...upstreams].map(([upstream, definitions]) => ({
    upstream,
    definitions: definitions.length,
  }))
  if (json) printJson({ upstreams: counts, missing })
  else
    for (const { upstream, definitions } of counts)
      print(`${upstream}: ${counted(definitions, 'definition')}, every hash fits`)
  if (missing.length > 0)
    throw new SallyportError(
      'REFUSED',
      `never approved: ${missing.join(', ')}: "npx sallyport lock approve ${missing[0]}" shows what there is`,
    )
}
