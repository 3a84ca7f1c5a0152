import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { errnoOf, isSallyportError, SallyportError } from '../errors.ts'
import { accessAtHand } from './access-at-hand.ts'
import { counted } from './counted.ts'
import { junitXml } from './junit.ts'
import { coverageOf } from './policy-coverage.ts'
import { printJson, tell } from './print.ts'
import { runCase } from './run-case.ts'
import { shortPath } from './short-path.ts'
import { readTestFile, type TestFile } from './test-file.ts'
import { junitCases, printTests, testsJson, type CoverageOfPolicy, type TestRun } from './test-report.ts'

const EXAMPLES = `
Examples:
  npx sallyport access test access-tests.yaml
  npx sallyport access test policy/*.yaml --coverage 80 --junit report.xml

A file of cases:
  policy: access.yaml             # the configured one unless given; relative to this file
  cases:
    - name: the demo service may read notes, and nothing more
      as: service:demo
      call: notes_read            # or prompt: NAME, resource: URI, list: tools
      with: { id: hello }
      expect: allow               # allow, deny, step-up, approve; visible, hidden in lists
    - name: alice needs a fresh second factor to delete
      as: user:alice
      proofs: { mfaAge: 10m }     # methods, age, mfaAge (or none), address, certificate: { uri, issuer }, only
      at: "2026-11-21T10:00:00Z"  # now unless given
      call: notes_delete
      with: { id: hello }
      expect: step-up
      rule: deleting-needs-a-fresh-second-factor
    - name: what demo sees
      as: service:demo
      list: tools
      sees: [ notes_read ]
      lacks: [ notes_delete ]

Exit codes: 0 every case passed, 1 a case failed or the coverage is too small, 2 wrong usage.`

interface Flags {
  readonly coverage?: number
  readonly junit?: string
  readonly json?: true
}

/** `sallyport access test`: cases that say what a policy must answer. */
export function accessTestCommand(): Command {
  return new Command('test')
    .description('Test an access policy by cases of what it must answer.')
    .argument('<files...>', 'files of cases')
    .option('--coverage <percent>', 'fail if the cases show less of the policy', percent)
    .option('--junit <file>', 'also write a report as JUnit does')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', EXAMPLES)
    .action(test)
}

function percent(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text)
  throw new InvalidArgumentError('Write a number from 0 to 100.')
}

async function test(files: readonly string[], flags: Flags): Promise<void> {
  const runs: TestRun[] = []
  for (const file of files) runs.push(await run(file, Date.now()))
  const coverages = coveragesOf(runs)
  if (flags.json === true) printJson(testsJson(runs, coverages))
  else printTests(runs, coverages)
  if (flags.junit !== undefined) await writeFile(flags.junit, junitXml(runs.flatMap(junitCases)))
  const failed = runs.flatMap(({ results }) => results).filter(({ failures }) => failures.length > 0).length
  const least = Math.min(...coverages.map(({ coverage }) => coverage.percent))
  if (failed > 0) throw new SallyportError('REFUSED', `${counted(failed, 'case')} failed`)
  if (flags.coverage !== undefined && least < flags.coverage)
    throw new SallyportError(
      'REFUSED',
      `the cases cover ${least} %, less than the ${flags.coverage} % asked for`,
    )
}

async function run(path: string, now: number): Promise<TestRun> {
  const file = shortPath(resolve(path))
  const tests = await readCases(path, file)
  const access = await accessAtHand(tests.policy && resolve(dirname(resolve(path)), tests.policy))
  return { file, access, results: tests.cases.map((one) => runCase(one, access, now)) }
}

/** Faults in the cases go where those of a policy go, one per line. */
async function readCases(path: string, file: string): Promise<TestFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('NOT_FOUND', `${file} cannot be read (${errnoOf(cause)}): check its path`, {
      cause,
    })
  })
  try {
    return readTestFile(text, file)
  } catch (error) {
    if (!isSallyportError(error, 'POLICY_INVALID')) throw error
    const faults = error.message.split('\n')
    for (const fault of faults) tell(fault)
    throw new SallyportError('POLICY_INVALID', `${counted(faults.length, 'fault')} in ${file}`, {
      cause: error,
    })
  }
}

function coveragesOf(runs: readonly TestRun[]): readonly CoverageOfPolicy[] {
  const byPolicy = Map.groupBy(runs, ({ access }) => access.file)
  return [...byPolicy].flatMap(([policy, own]) =>
    own.slice(0, 1).map(({ access }) => {
      const explained = own.flatMap(({ results }) => results.flatMap((result) => result.explained))
      return {
        policy,
        coverage: coverageOf(
          access.document,
          explained.map(({ explanation }) => explanation),
        ),
      }
    }),
  )
}
