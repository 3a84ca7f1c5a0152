import { Command } from 'commander'
import { isSallyportError, SallyportError } from '../errors.ts'
import { accessAtHand, type AccessAtHand } from './access-at-hand.ts'
import { counted } from './counted.ts'
import { print, printJson, tell } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport access check
  npx sallyport access check candidate.yaml --strict

Faults go to standard error, one per line: file:line:column: sentence. The server refuses a file with one fault whole.

Exit codes: 0 no fault (there may be warnings), 1 a fault, or with --strict a warning; 2 wrong usage.`

interface Flags {
  readonly strict?: true
  readonly json?: true
}

/** What a policy has. */
interface Summary {
  readonly file: string
  readonly digest: string
  readonly rules: number
  readonly inShadow: number
  readonly limits: number
  readonly roles: number
  readonly groups: number
  readonly grants: number
}

/** `sallyport access check`: whether the server would take a policy, and what its author should know. */
export function accessCheckCommand(): Command {
  return new Command('check')
    .description('Check an access policy: syntax, types of conditions, rules that nothing reaches.')
    .argument('[file]', 'the policy; the configured one unless given')
    .option('--strict', 'fail on warnings, too')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', EXAMPLES)
    .action(check)
}

async function check(candidate: string | undefined, { strict, json }: Flags): Promise<void> {
  const found = await accessAtHand(candidate).catch((error: unknown) => {
    if (isSallyportError(error, 'POLICY_INVALID')) return error.message.split('\n')
    throw error
  })
  const faults = isFaults(found) ? found : []
  const warnings = isFaults(found) ? [] : found.warnings
  const summary = isFaults(found) ? null : summaryOf(found)
  if (json === true) printJson({ policy: summary, faults, warnings })
  else report(summary, faults, warnings)
  if (faults.length > 0)
    throw new SallyportError('POLICY_INVALID', `${counted(faults.length, 'fault')} found`)
  if (strict === true && warnings.length > 0)
    throw new SallyportError('POLICY_INVALID', `${counted(warnings.length, 'warning')} found`)
}

function isFaults(found: AccessAtHand | readonly string[]): found is readonly string[] {
  return Array.isArray(found)
}

function report(summary: Summary | null, faults: readonly string[], warnings: readonly string[]): void {
  for (const fault of faults) tell(fault)
  for (const warning of warnings) print(`warning: ${warning}`)
  if (summary === null) return
  const { file, digest, rules, inShadow, limits, roles, groups, grants } = summary
  const shadow = inShadow === 0 ? '' : ` (${inShadow} in shadow)`
  print(
    `${file}: ${counted(rules, 'rule')}${shadow}, ${counted(limits, 'limit')}, ${counted(roles, 'role')}, ${counted(groups, 'group')}, ${counted(grants, 'grant')}`,
  )
  print(digest)
}

function summaryOf({ file, policy, document }: AccessAtHand): Summary {
  const { rules, limits, roles, groups, grants } = document
  return {
    file,
    digest: policy.digest,
    rules: rules.length,
    inShadow: rules.filter(({ mode }) => mode === 'shadow').length,
    limits: limits.length,
    roles: roles.size,
    groups: groups.size,
    grants: grants.length,
  }
}
