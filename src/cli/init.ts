import { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { makeMissing, type Made } from './first-start.ts'
import { print, printJson } from './print.ts'
import { shortPath } from './short-path.ts'
import { withIssuing } from './with-issuing.ts'

const EXAMPLES = `
Examples:
  npx sallyport init          make what is missing, keep what is there
  npx sallyport init --json   the same, for scripts`

/** `sallyport init`: makes what a server needs and does not have yet. */
export function initCommand(): Command {
  return new Command('init')
    .description('Make what is missing: configuration, policy, certificates, secret, first clients and user.')
    .option('--json', 'print what was made as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      const config = loadConfig(process.env, process.cwd())
      await withIssuing(config, async (issuing) => {
        const made = await makeMissing(config, issuing)
        if (json === true) printJson(made)
        else for (const line of madeLines(made)) print(line)
      })
    })
}

/** What was made, a line each; one line if it was nothing. */
export function madeLines(made: Made): readonly string[] {
  const lines = [
    ...made.files.map((path) => `made      ${shortPath(path)}`),
    ...made.clients.map(({ name, role }) => `made      certs/clients/${name}/ (role ${role})`),
    ...made.renewed.map((what) => `renewed   ${what}`),
    ...made.problems.map((problem) => `warning   ${problem}`),
    ...(made.user === null ? [] : userLines(made.user)),
  ]
  return lines.length === 0 ? ['Nothing was missing.'] : lines
}

function userLines({ name, oneTimePassword }: NonNullable<Made['user']>): readonly string[] {
  return [
    `made      user ${name} (role admin)`,
    `one-time password: ${oneTimePassword}`,
    '          good for an hour, and only for setting a new one; it is not shown again',
  ]
}
