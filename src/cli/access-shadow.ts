import { Command } from 'commander'
import { readTrail } from '../audit/read-trail.ts'
import { accessAtHand } from './access-at-hand.ts'
import { counted } from './counted.ts'
import { momentOption } from './moment.ts'
import { print, printJson, table } from './print.ts'
import { recordedDecision, type RecordedDecision } from './recorded-decision.ts'
import { visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport access shadow --since 7d
  npx sallyport access shadow --since 2026-11-01 --json

A rule with "mode: shadow" is recorded and never enforced. This counts how often each would have changed an answer, so
that it can be enforced without a surprise.

Exit codes: 0 done, 1 failed, 2 wrong usage.`

interface Flags {
  readonly since: number
  readonly until?: number
  readonly json?: true
}

/** How often a rule in shadow would have changed an answer. */
interface ShadowCount {
  readonly rule: string
  readonly principal: string
  readonly action: string
  readonly name: string
  /** What was answered instead. */
  readonly was: string
  readonly count: number
  /** Id of one request. */
  readonly example: string
}

/** `sallyport access shadow`: what rules in shadow would have changed. */
export function accessShadowCommand(): Command {
  return new Command('shadow')
    .description('Count what rules in shadow would have changed.')
    .requiredOption(
      '--since <time>',
      'from when: how long ago, as in 7d, or 2026-11-21T10:00:00Z',
      momentOption,
    )
    .option('--until <time>', 'until when; now unless given', momentOption)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(shadow)
}

async function shadow({ since, until, json }: Flags): Promise<void> {
  const { config, document } = await accessAtHand()
  const counts = new Map<string, ShadowCount>()
  let total = 0
  for await (const one of readTrail(config.audit, { since, ...(until === undefined ? {} : { until }) })) {
    const decision = recordedDecision(one)
    if (decision === undefined) continue
    total++
    for (const rule of decision.shadow) count(counts, rule, decision)
  }
  const rows = [...counts.values()].toSorted((a, b) => a.rule.localeCompare(b.rule) || b.count - a.count)
  const silent = document.rules
    .filter(({ name, mode }) => mode === 'shadow' && !rows.some(({ rule }) => rule === name))
    .map(({ name }) => name)
  if (json === true) printJson({ since: new Date(since).toISOString(), total, counts: rows, silent })
  else report(rows, silent, total, since)
}

function count(counts: Map<string, ShadowCount>, rule: string, decision: RecordedDecision): void {
  const { principal, action, name, decision: was, requestId: example } = decision
  const key = JSON.stringify([rule, principal, action, name, was])
  const before = counts.get(key)?.count ?? 0
  counts.set(key, { rule, principal, action, name, was, count: before + 1, example })
}

function report(rows: readonly ShadowCount[], silent: readonly string[], total: number, since: number): void {
  print(`${counted(total, 'decision')} since ${new Date(since).toISOString()}`)
  if (rows.length > 0) {
    print('')
    print(
      table(
        ['RULE', 'COUNT', 'PRINCIPAL', 'METHOD', 'NAME', 'WAS', 'EXAMPLE'],
        rows.map(({ rule, count: often, principal, action, name, was, example }) =>
          [rule, String(often), principal, action, name, was, example].map(visibleLine),
        ),
      ),
    )
    print('')
  }
  for (const rule of silent) print(`${rule}: would have changed no answer`)
  if (rows.length === 0 && silent.length === 0) print('no rule is in shadow, and none was')
}
