import { Command } from 'commander'
import { readTrail, type TrailEvent } from '../audit/read-trail.ts'
import { eventLine } from './audit-event-line.ts'
import { isWanted, withFilter, type FilterFlags } from './audit-filter.ts'
import { configuration } from './configuration.ts'
import { print, tell } from './print.ts'

interface Flags extends FilterFlags {
  readonly json?: true
  readonly count?: true
}

const EXAMPLES = `
Examples:
  npx sallyport audit search --principal user:alice --since 7d
  npx sallyport audit search --decision deny --tool 'notes_*' --since 2026-11-21
  npx sallyport audit search --request 0195f0c2-…            everything about one request
  npx sallyport audit search --event 'user.*' --json | jq .principal
  npx sallyport audit search --event request.refused --count --since 1d

Nothing is verified here: "npx sallyport audit verify" does that.`

/** `sallyport audit search`: the events that fit, oldest first. */
export function auditSearchCommand(): Command {
  return withFilter(new Command('search'))
    .description('Search the audit trail of this installation, oldest first.')
    .option('--json', 'print them as JSON, a line each, with file and line')
    .option('--count', 'print only how many there are')
    .addHelpText('after', EXAMPLES)
    .action(search)
}

async function search(directory: string | undefined, flags: Flags): Promise<void> {
  let found = 0
  for await (const one of events(directory ?? configuration().audit, flags)) {
    found++
    if (flags.count !== true) print(lineOf(one, flags))
  }
  if (flags.count === true) print(String(found))
}

async function* events(directory: string, flags: FilterFlags): AsyncGenerator<TrailEvent, void> {
  let damaged = 0
  const filter = {
    ...(flags.since === undefined ? {} : { since: flags.since }),
    ...(flags.until === undefined ? {} : { until: flags.until }),
    onDamaged: () => void damaged++,
  }
  for await (const one of readTrail(directory, filter)) if (isWanted(one.event, flags)) yield one
  if (damaged > 0) tell(`${damaged} lines could not be read: "npx sallyport audit verify" says where`)
}

/** An event as it is printed. */
export function lineOf({ at, file, line, event }: TrailEvent, { json }: { readonly json?: true }): string {
  return json === true ? JSON.stringify({ file, line, ...event }) : eventLine(at, event)
}
