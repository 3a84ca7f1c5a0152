import { stdout } from 'node:process'
import { stripVTControlCharacters, styleText } from 'node:util'
import type { AccessAtHand } from './access-at-hand.ts'
import { decidingRule, verdictOf } from './access-verdict.ts'
import { counted } from './counted.ts'
import { explanationLines } from './explanation-text.ts'
import type { JunitCase } from './junit.ts'
import type { Coverage } from './policy-coverage.ts'
import { print } from './print.ts'
import type { CaseResult } from './run-case.ts'
import { visible } from './visible.ts'

/** A file that was run. */
export interface TestRun {
  readonly file: string
  readonly access: AccessAtHand
  readonly results: readonly CaseResult[]
}

/** How much of a policy the cases about it show. */
export interface CoverageOfPolicy {
  readonly policy: string
  readonly coverage: Coverage
}

/** Prints what came of the cases: a line for each that passed, an explanation for each that failed, and the coverage. */
export function printTests(runs: readonly TestRun[], coverages: readonly CoverageOfPolicy[]): void {
  for (const { file, access, results } of runs) {
    print(`${file} (${access.file} ${access.policy.digest.slice(0, 'sha256:'.length + 12)})`)
    for (const result of results) for (const line of resultLines(result)) print(`  ${line}`)
  }
  for (const { policy, coverage } of coverages)
    for (const line of coverageLines(policy, coverage)) print(line)
  const all = runs.flatMap(({ results }) => results)
  const failed = all.filter(({ failures }) => failures.length > 0).length
  print(`${counted(all.length, 'case')}: ${all.length - failed} passed, ${failed} failed`)
}

function resultLines({ case: { name, where }, failures, explained }: CaseResult): readonly string[] {
  if (failures.length === 0) return [`${styleText('green', '✓', { stream: stdout })} ${visible(name)}`]
  return [
    `${styleText('red', '✗', { stream: stdout })} ${visible(name)} (${where})`,
    ...failures.map((failure) => `    ${visible(failure)}`),
    // Of a list the sentences say it all.
    ...(explained.length === 1 ? explained.flatMap(explanationLines) : []).map((line) =>
      line === '' ? '' : `      ${line}`,
    ),
  ]
}

function coverageLines(policy: string, { percent: covered, ...missing }: Coverage): readonly string[] {
  const lines = [
    ...missing.neverMatched.map((rule) => `  no case makes the rule ${rule} match`),
    ...missing.alwaysMatched.map((rule) => `  no case shows what the rule ${rule} lets through`),
    ...missing.neverCounted.map((grant) => `  no case is about the grant ${grant}`),
  ]
  return [`coverage of ${policy}: ${covered} %`, ...lines]
}

/** The same for scripts. */
export function testsJson(runs: readonly TestRun[], coverages: readonly CoverageOfPolicy[]): object {
  return {
    files: runs.map(({ file, access, results }) => ({
      file,
      policy: { file: access.file, digest: access.policy.digest },
      cases: results.map(({ case: { name, where }, failures, explained }) => ({
        name,
        where,
        passed: failures.length === 0,
        failures,
        decisions: explained.map(({ request, explanation }) => ({
          name: request.resource,
          verdict: verdictOf(explanation.decision),
          rule: decidingRule(explanation.decision),
          because: explanation.because,
        })),
      })),
    })),
    coverage: coverages.map(({ policy, coverage }) => ({ policy, ...coverage })),
  }
}

/** The cases of one file for a JUnit report. */
export function junitCases({ file, results }: TestRun): readonly JunitCase[] {
  return results.map(({ case: { name }, failures, explained }) => ({
    suite: file,
    name,
    failure:
      failures.length === 0
        ? ''
        : stripVTControlCharacters([...failures, ...explained.flatMap(explanationLines)].join('\n')),
  }))
}
