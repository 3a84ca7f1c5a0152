import { watch } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { trailFollower } from '../audit/follow-trail.ts'
import { lastEvents } from '../audit/last-events.ts'
import type { TrailEvent } from '../audit/read-trail.ts'
import { isWanted, withFilter, type FilterFlags } from './audit-filter.ts'
import { lineOf } from './audit-search.ts'
import { configuration } from './configuration.ts'
import { print } from './print.ts'

interface Flags extends FilterFlags {
  readonly lines: number
  readonly follow?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport audit tail
  npx sallyport audit tail -f --decision deny
  npx sallyport audit tail -n 100 --principal 'service:*' --json

"-f" goes on with new days and new processes, until it is told to stop (Ctrl-C).`

/** `sallyport audit tail`: the last events, and those to come. */
export function auditTailCommand(): Command {
  return withFilter(new Command('tail'))
    .description('Show the last events of the audit trail, and with -f those to come.')
    .option('-n, --lines <number>', 'how many', numberOf, 20)
    .option('-f, --follow', 'go on with what is added')
    .option('--json', 'print them as JSON, a line each, with file and line')
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string | undefined, flags: Flags) => {
      const of = directory ?? configuration().audit
      const over = new AbortController()
      if (flags.follow !== true) return showLast(of, flags)
      const stop = (): void => over.abort()
      process.once('SIGINT', stop).once('SIGTERM', stop)
      try {
        await follow(of, flags, (one) => print(lineOf(one, flags)), over.signal)
      } finally {
        process.off('SIGINT', stop).off('SIGTERM', stop)
      }
    })
}

/** How often it is looked where the system reports no changes, in ms. */
const POLL = 1000

async function showLast(directory: string, flags: Flags): Promise<void> {
  const { lines, until = Infinity } = flags
  for (const one of await lastEvents(directory, lines, until, (event) => isShown(event, flags)))
    print(lineOf(one, flags))
}

/**
 * Shows the last events and then every one that is added, until `signal`.
 *
 * @param show told of each, in the order of their times as far as they are there at the same moment
 */
export async function follow(
  directory: string,
  flags: Flags,
  show: (event: TrailEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const today = new Date().toISOString().slice(0, 10)
  const follower = trailFollower(directory, today)
  const byFile = new Map<string, TrailEvent[]>()
  await follower.look((one) => {
    if (isShown(one, flags)) byFile.set(one.file, [...(byFile.get(one.file) ?? []), one].slice(-flags.lines))
  })
  const now = byTime([...byFile.values()].flat()).slice(-flags.lines)
  const before = await lastEvents(directory, flags.lines - now.length, Date.parse(today), (one) =>
    isShown(one, flags),
  )
  for (const one of [...before, ...now]) show(one)
  while (!signal.aborted) {
    await changed(directory, signal)
    const added: TrailEvent[] = []
    await follower.look((one) => {
      if (isShown(one, flags)) added.push(one)
    })
    for (const one of byTime(added)) show(one)
  }
}

/** Resolves when something in the folder may have changed. */
async function changed(directory: string, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const waits: Promise<unknown>[] = [wait(POLL, undefined, { signal: either })]
  try {
    waits.push(once(watch(directory, { signal: either }), 'change', { signal: either }))
  } catch {
    // Where watching fails, or the folder is not there yet, it is looked often.
  }
  await Promise.race(waits).catch(() => undefined)
  over.abort()
  await Promise.allSettled(waits)
}

function isShown({ at, event }: TrailEvent, flags: FilterFlags): boolean {
  const { since = -Infinity, until = Infinity } = flags
  return at >= since && at <= until && isWanted(event, flags)
}

function byTime(events: readonly TrailEvent[]): readonly TrailEvent[] {
  return events.toSorted((one, other) => one.at - other.at)
}

function numberOf(text: string): number {
  if (/^[0-9]{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a whole number, of at most six digits.')
}
