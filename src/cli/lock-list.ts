import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { lockFilePath } from './lock-at-hand.ts'
import { nameOf } from './lock-diff-text.ts'
import { readLockFile } from './lock-file.ts'
import { print, printJson, table, tell } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport lock list
  npx sallyport lock list wiki --json`

/** As many digits of a hash are shown to people. */
const DIGITS = 12

/** `sallyport lock list`: what was approved. */
export function lockListCommand(): Command {
  return new Command('list')
    .description('List what was approved of upstream servers, as the lock file has it.')
    .argument('[upstream...]', 'only these')
    .option('--json', 'print the list as JSON, with whole hashes')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], { json }: { readonly json?: true }) => {
      await lockList(names, json === true, lockFilePath())
    })
}

/** @throws SallyportError `NOT_FOUND` for an upstream that is not in the file, `CONFIGURATION_INVALID` */
export async function lockList(names: readonly string[], json: boolean, file: string): Promise<void> {
  const { upstreams } = await readLockFile(file)
  const missing = names.find((name) => !upstreams.has(name))
  if (missing !== undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `nothing was ever approved of "${missing}": "npx sallyport lock approve ${missing}" does that`,
    )
  const chosen = [...upstreams].filter(([name]) => names.length === 0 || names.includes(name))
  const rows = chosen.flatMap(([upstream, definitions]) =>
    definitions.map(({ kind, name, hash }) => ({ upstream, kind, name, hash })),
  )
  if (json) return printJson(rows)
  if (rows.length === 0) return tell(`nothing is approved in ${file}.`)
  print(
    table(
      ['UPSTREAM', 'DEFINITION', 'HASH'],
      rows.map(({ upstream, kind, name, hash }) => [
        upstream,
        nameOf(kind, name),
        hash.slice('sha256:'.length, 'sha256:'.length + DIGITS),
      ]),
    ),
  )
}
