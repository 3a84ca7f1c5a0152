import { stdout } from 'node:process'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { isSallyportError, SallyportError } from '../errors.ts'
import { configuration } from './configuration.ts'
import { findingsOf, type Check, type Finding, type Ground } from './doctor-finding.ts'
import { folders } from './doctor-folders.ts'
import { installation } from './doctor-installation.ts'
import { ports } from './doctor-ports.ts'
import { redis } from './doctor-redis.ts'
import { secretFiles } from './doctor-files.ts'
import { store } from './doctor-store.ts'
import { upstreams } from './doctor-upstreams.ts'
import { print, printJson } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport doctor          look at everything, change nothing
  npx sallyport doctor --fix    also take rights to secret files from others, and make missing folders
  npx sallyport doctor --json   the same, for scripts

Exit codes: 0 no problem (there may be warnings), 1 a problem, 2 wrong usage.`

/** In this order: what is fixed first may be what the next one looks at. */
const CHECKS: readonly Check[] = [secretFiles, folders, installation, upstreams, store, redis, ports]

/** `sallyport doctor`: checks the installation, and says what to do. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check the installation: files, certificates, policy, upstreams, store, Redis, ports.')
    .option('--fix', 'change what is safe to change: modes of secret files, missing folders')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ fix, json }: { readonly fix?: true; readonly json?: true }) => {
      const findings = await examined(fix === true)
      if (json === true) printJson(findings)
      else for (const finding of findings) for (const line of linesOf(finding)) print(line)
      const problems = findings.filter(({ state }) => state === 'problem').length
      if (problems > 0)
        throw new SallyportError(
          'CONFIGURATION_INVALID',
          `${problems} problem${problems === 1 ? '' : 's'} found`,
        )
    })
}

async function examined(isFixing: boolean): Promise<readonly Finding[]> {
  const { ok, sentence } = findingsOf('configuration')
  try {
    const config = configuration()
    const ground: Ground = { config, now: Date.now, isFixing }
    const findings: Finding[] = [ok(`${config.file}`)]
    for (const check of CHECKS) findings.push(...(await run(check, ground)))
    return findings
  } catch (error) {
    if (!isSallyportError(error)) throw error
    return error.message.split('\n').map((line) => sentence('problem', line))
  }
}

/** What keeps a check from looking is what it found. */
async function run(check: Check, ground: Ground): Promise<readonly Finding[]> {
  try {
    return await check.run(ground)
  } catch (error) {
    const { problem, sentence } = findingsOf(check.name)
    if (isSallyportError(error, 'CONFIGURATION_INVALID'))
      return error.message.split('\n').map((line) => sentence('problem', line))
    return [problem(error instanceof Error ? error.message : String(error), null)]
  }
}

const COLOURS = { ok: 'green', fixed: 'green', warning: 'yellow', problem: 'red' } as const
const WIDTH = { state: 'problem'.length + 2, check: 'configuration'.length + 2 }

function linesOf({ state, check, what, help }: Finding): readonly string[] {
  const word = styleText(COLOURS[state], state, { stream: stdout })
  const first = `${word}${' '.repeat(WIDTH.state - state.length)}${check.padEnd(WIDTH.check)}${what}`
  return help === null ? [first] : [first, `${' '.repeat(WIDTH.state + WIDTH.check)}${help}`]
}
