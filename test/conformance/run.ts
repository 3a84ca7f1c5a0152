/**
 * Runs what the revisions of the protocol require of a server, with the conformance tool of the Model Context Protocol,
 * against a whole server behind real client certificates: `npm run test:conformance [TARGET...]`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXCEPTIONS } from './exceptions.ts'
import { REVISIONS, runScenarios, type Revision, type Scenario } from './scenarios.ts'
import { TARGETS, type TargetName } from './targets.ts'

interface Run {
  readonly target: TargetName
  readonly revision: Revision
  readonly scenarios: readonly Scenario[]
  readonly seconds: number
}

const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
const runs: Run[] = []
for (const target of wanted(process.argv.slice(2))) {
  const { url, close } = await TARGETS[target]()
  try {
    for (const revision of REVISIONS) {
      const began = performance.now()
      const scenarios = await runScenarios(url, revision, join(folder, target, revision))
      runs.push({ target, revision, scenarios, seconds: (performance.now() - began) / 1000 })
    }
  } finally {
    await close()
  }
}
for (const line of runs.flatMap(linesOf)) process.stdout.write(`${line}\n`)
if (runs.some(({ scenarios }) => scenarios.some(isFault))) {
  process.stdout.write(`What the tool wrote: ${folder}\n`)
  process.exitCode = 1
} else await rm(folder, { recursive: true, force: true })

function wanted(names: readonly string[]): readonly TargetName[] {
  const all = Object.keys(TARGETS) as TargetName[]
  const unknown = names.find((name) => !all.some((one) => one === name))
  if (unknown !== undefined) throw new Error(`no target "${unknown}": ${all.join(', ')}`)
  // The fixture without a server in front of it shows whose fault a failure is; it need not run every time.
  return names.length === 0
    ? all.filter((name) => name !== 'fixture')
    : all.filter((name) => names.includes(name))
}

function linesOf({ target, revision, scenarios, seconds }: Run): readonly string[] {
  const required = scenarios.filter(({ isRequired }) => isRequired)
  const failed = required.filter((one) => !isPassed(one))
  const also = scenarios.filter((one) => !one.isRequired && !isPassed(one)).map(({ name }) => name)
  const passed = `${required.length - failed.length} of ${required.length} required scenarios passed`
  const checks = scenarios.reduce((sum, one) => sum + (one.checks?.passed ?? 0), 0)
  return [
    `${target.padEnd(10)} ${revision}  ${passed}, ${checks} checks, ${seconds.toFixed(1)} s`,
    ...failed.map((one) => `  ✗ ${one.name}: ${whatOf(one)}`),
    ...(also.length === 0 ? [] : [`  not required, and not passed: ${also.join(', ')}`]),
  ]
}

function whatOf({ name, checks }: Scenario): string {
  const reason = EXCEPTIONS.get(name)
  if (reason !== undefined) return reason
  return checks === undefined ? 'did not run to its end' : `${checks.failed} checks failed`
}

function isPassed({ checks }: Scenario): boolean {
  return checks !== undefined && checks.failed === 0 && checks.passed > 0
}

function isFault(scenario: Scenario): boolean {
  return scenario.isRequired && !isPassed(scenario) && !EXCEPTIONS.has(scenario.name)
}
