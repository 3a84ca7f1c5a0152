import { Command } from 'commander'
import { readTrail } from '../audit/read-trail.ts'
import { SallyportError } from '../errors.ts'
import { accessAtHand } from './access-at-hand.ts'
import { counted } from './counted.ts'
import { momentOption } from './moment.ts'
import { print, printJson, table } from './print.ts'
import { recordedDecision } from './recorded-decision.ts'
import { replayTally, type ReplayTally } from './replay-tally.ts'
import { visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport access replay --since 7d --policy candidate.yaml
  npx sallyport access replay --since 2026-11-01 --until 2026-11-08 --policy candidate.yaml --check --json

Puts the decisions on record to another policy: the same callers by the same proofs, at the same times, with the same
arguments as far as the audit trail has them. Shows those that would be answered otherwise. Limits and the answers of
people are not replayed.

Exit codes: 0 done, with --check 1 if one would be answered otherwise; 1 failed, 2 wrong usage.`

interface Flags {
  readonly since: number
  readonly until?: number
  readonly policy?: string
  readonly check?: true
  readonly json?: true
}

/** `sallyport access replay`: what another policy would have answered. */
export function accessReplayCommand(): Command {
  return new Command('replay')
    .description('Try a policy against the decisions on record: what would be answered otherwise?')
    .requiredOption(
      '--since <time>',
      'from when: how long ago, as in 7d, or 2026-11-21T10:00:00Z',
      momentOption,
    )
    .option('--until <time>', 'until when; now unless given', momentOption)
    .option('--policy <file>', 'the policy to try; the configured one unless given')
    .option('--check', 'exit with 1 if one would be answered otherwise')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(replay)
}

async function replay({ since, until, policy: candidate, check, json }: Flags): Promise<void> {
  const { config, policy, catalog, file } = await accessAtHand(candidate)
  const tally = replayTally(policy, catalog)
  const filter = { since, ...(until === undefined ? {} : { until }) }
  for await (const one of readTrail(config.audit, filter)) {
    const decision = recordedDecision(one)
    if (decision !== undefined) tally.add(decision)
  }
  const result = tally.result()
  if (json === true) printJson({ policy: { file, digest: policy.digest }, since: iso(since), ...result })
  else report(result, `${file} ${policy.digest}`, since)
  const flips = result.flips.reduce((sum, { count }) => sum + count, 0)
  if (check === true && flips > 0)
    throw new SallyportError('REFUSED', `${counted(flips, 'decision')} would be answered otherwise`)
}

function report(
  { flips, unchanged, limited, impossible, total }: ReplayTally,
  policy: string,
  since: number,
): void {
  print(`${counted(total, 'decision')} since ${iso(since)}, put to ${policy}`)
  if (flips.length > 0) {
    print('')
    print(
      table(
        ['COUNT', 'PRINCIPAL', 'METHOD', 'NAME', 'WAS', 'WOULD BE', 'BY', 'EXAMPLE'],
        flips.map(({ count, principal, action, name, was, wouldBe, by, example }) =>
          [String(count), principal, action, name, was, wouldBe, by, example].map(visibleLine),
        ),
      ),
    )
    print('')
  }
  const changed = flips.reduce((sum, { count }) => sum + count, 0)
  print(`${changed} would be answered otherwise, ${unchanged} as they were`)
  if (limited > 0) print(`${limited} refused by a limit, which is not replayed`)
  for (const { why, count } of impossible) print(`${count} cannot be replayed: ${visibleLine(why)}`)
  if (impossible.some(({ why }) => why.startsWith('arguments')))
    print(
      'for calls to come, "arguments" of "audit" in sallyport.yaml can keep what conditions speak of: { tools: [ … ], record: redacted, keep: [ … ] }',
    )
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
